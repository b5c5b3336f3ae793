import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/api-types/testing';
import type { Identity } from '@teleport-ts/tbot-core/client';
import { expect, test } from 'vitest';
import { type FreshFiles, type FreshFilesOptions, freshFiles } from './fresh-files.ts';

const away = new TeleportError('connection_problem', 'there is no socket');
const denied = new TeleportError('access_denied', 'not you');

/** A run over what each watch gives: credentials by their names, then an error or the end of the stream. */
function run(
  watches: readonly (readonly (string | Error)[])[],
  more: { readonly wait?: boolean; readonly disk?: readonly (Error | undefined)[]; readonly livesMs?: number } = {},
) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const troubles: string[] = [];
  const writes: string[] = [];
  const left = [...watches];
  const disk = [...(more.disk ?? [])];
  const options = {
    host: {
      async *watchIdentity() {
        for (const event of left.shift() ?? []) {
          if (typeof event !== 'string') throw event;
          yield { serial: event, expires: new Date(clock.now() + (more.livesMs ?? 60_000)) } as unknown as Identity;
        }
      },
    },
    plan: { request: { kind: 'identity' }, timeoutMs: 10_000, wait: more.wait ?? false },
    maker: { filesOf: async (identity: Identity) => ({ files: { tlscert: identity.serial }, notes: [] }) },
    destination: {
      write: async (files: Readonly<Record<string, unknown>>) => {
        const failure = disk.shift();
        if (failure) throw failure;
        writes.push(String(files.tlscert));
        return { written: ['tlscert'], unchanged: [] };
      },
    },
    signal: stop.signal,
    onTrouble: (text: string) => troubles.push(text),
    clock,
  } as unknown as FreshFilesOptions;
  /** Lets time run until it is over, or there have been so many sets. */
  const outcome = async (sets = Number.POSITIVE_INFINITY): Promise<unknown> => {
    let over = false;
    const read = async (): Promise<unknown> => {
      const got: FreshFiles[] = [];
      for await (const files of freshFiles(options)) if (got.push(files) >= sets) return undefined;
      return undefined;
    };
    const result = read()
      .catch((error: unknown) => error)
      .finally(() => {
        over = true;
      });
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!over) await clock.advance(500);
    }
    return await result;
  };
  return { outcome, troubles, writes, stop, clock };
}

test('each credential becomes one set', async () => {
  const { outcome, writes, troubles } = run([['a', 'b', 'c']]);
  expect(await outcome()).toBeUndefined();
  expect({ writes, troubles }).toEqual({ writes: ['a', 'b', 'c'], troubles: [] });
});

test('without --wait the first failure ends it', async () => {
  expect(await run([[away], ['a']]).outcome()).toBe(away);
  expect(await run([['a', away], ['b']]).outcome()).toBe(away);
});

test('with --wait the agent is waited for, at first as long as the limit says, later for ever', async () => {
  const patient = run([[away], [away], ['a', away], ...Array.from({ length: 30 }, () => [away]), ['b']], {
    wait: true,
  });
  expect(await patient.outcome(2)).toBeUndefined();
  expect(patient.writes).toEqual(['a', 'b']);
  expect(patient.troubles).toEqual(['waiting, since there is no socket', 'waiting, since there is no socket']);
  expect(
    await run(
      Array.from({ length: 30 }, () => [away]),
      { wait: true },
    ).outcome(),
  ).toBe(away);
  expect(await run([[denied], ['a']], { wait: true }).outcome()).toBe(denied);
});

test('what a disk refuses is tried again as long as the credential lives, but not the first time', async () => {
  const full = new TeleportError('unknown', 'no space left');
  const later = run([['a', 'b']], { disk: [undefined, full, full] });
  expect(await later.outcome()).toBeUndefined();
  expect(later.writes).toEqual(['a', 'b']);
  expect(later.troubles).toEqual(['the files could not be written: no space left']);
  expect(await run([['a']], { disk: [full] }).outcome()).toBe(full);
  expect(await run([['a', 'b']], { disk: [undefined, ...Array(9).fill(full)], livesMs: 5_000 }).outcome()).toBe(full);
});

test('who is told to stop stops, whatever is waited for', async () => {
  const reason = new Error('enough');
  const waiting = run([[away], [away], [away]], { wait: true });
  waiting.stop.abort(reason);
  expect(await waiting.outcome()).toBe(reason);
  const full = new Error('no space left');
  const writing = run([['a', 'b']], { disk: [undefined, ...Array(999).fill(full)], livesMs: 86_400_000 });
  const over = writing.outcome();
  await expect.poll(() => writing.troubles.length).toBe(1);
  writing.stop.abort(reason);
  expect(await over).toBe(reason);
});
