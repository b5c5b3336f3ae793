import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CaRotation } from '../destination-host.ts';
import { type Renewable, type Renewal, renewals } from './renewals.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Paper extends Renewable {
  readonly number: number;
  readonly issuedAtMs: number;
}

/** A host that issues papers for an hour, due after 40 minutes, and fails as it is told. */
class Office {
  readonly clock = new FakeClock();
  readonly startMs = this.clock.now();
  issued = 0;
  tries = 0;
  failure: Error | undefined;
  lifeMs = HOUR;
  /** Tells listeners of a rotation. */
  rotate: (phase: CaRotation['phase'], deadline?: Date) => void = () => {};
  listeners = 0;

  readonly issue = async (_signal: AbortSignal): Promise<Paper> => {
    this.tries++;
    if (this.failure) throw this.failure;
    const nowMs = this.clock.now();
    return {
      number: ++this.issued,
      issuedAtMs: nowMs,
      refreshAt: new Date(nowMs + (this.lifeMs * 2) / 3),
      expires: new Date(nowMs + this.lifeMs),
    };
  };

  readonly rotations = (signal: AbortSignal): AsyncIterable<CaRotation> => this.#rotations(signal);

  async *#rotations(signal: AbortSignal): AsyncGenerator<CaRotation> {
    this.listeners++;
    try {
      for (;;) {
        yield await new Promise<CaRotation>((resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          this.rotate = (phase, deadline) =>
            resolve({ type: 'host', cluster: 'root', phase, reason: '', ...(deadline && { deadline }) });
        });
      }
    } finally {
      this.listeners--;
    }
  }

  /** Everything that comes, with the time since the start in minutes; until it ends or is left. */
  async follow(options: Partial<Parameters<typeof renewals<Paper>>[0]> = {}) {
    const { clock, issue, startMs } = this;
    const iterator = renewals<Paper>({ issue, clock, random: () => 0, ...options })[Symbol.asyncIterator]();
    const seen: [number, string][] = [];
    const note = (what: string): number => seen.push([(clock.now() - startMs) / MINUTE, what]);
    const over = (async () => {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return note('end');
        note(value.type === 'identity' ? `${value.reason} ${value.identity.number}` : `trouble ${value.error.code}`);
      }
    })().catch((error: unknown) => note(`error ${error instanceof TeleportError ? error.code : error}`));
    await clock.advance(0);
    return { seen, over, leave: () => iterator.return?.() };
  }
}

const away = (): TeleportError => new TeleportError('connection_problem', 'the agent is away');

describe('renewals', () => {
  test('come before the end, one after the other, until the reader leaves', async () => {
    const office = new Office();
    const { seen, over, leave } = await office.follow();
    await office.clock.advance(121 * MINUTE);
    expect(seen).toEqual([
      [0, 'start 1'],
      [40, 'renewal 2'],
      [80, 'renewal 3'],
      [120, 'renewal 4'],
    ]);
    await leave();
    await over;
    expect(seen.at(-1)).toEqual([121, 'end']);
    await office.clock.advance(HOUR);
    expect([office.tries, office.clock.nextTimerAt]).toEqual([4, undefined]);
  });

  test('begin with the successor of what the holder has', async () => {
    const office = new Office();
    const held = { ...(await office.issue(AbortSignal.timeout(1))), refreshAt: new Date(office.startMs + 10 * MINUTE) };
    const { seen, leave } = await office.follow({ held });
    await office.clock.advance(11 * MINUTE);
    expect(seen).toEqual([[10, 'renewal 2']]);
    await leave();
  });

  test('that fail are told, and tried again as long as the last credential lives', async () => {
    const office = new Office();
    const { seen, over } = await office.follow({ random: () => 0.5 });
    await office.clock.advance(MINUTE);
    office.failure = away();
    await office.clock.advance(45 * MINUTE);
    office.failure = undefined;
    await office.clock.advance(2 * MINUTE);
    expect(seen.filter(([, what]) => what.startsWith('renewal'))).toEqual([[expect.any(Number), 'renewal 2']]);
    const troubles = seen.filter(([, what]) => what === 'trouble connection_problem');
    expect(troubles.length).toBeGreaterThan(10);
    expect(troubles.length).toBeLessThan(25);
    office.failure = new TeleportError('access_denied', 'no more');
    await office.clock.advance(2 * HOUR);
    await over;
    const [endedAt, end] = seen.at(-1)!;
    const [issuedAt] = seen.find(([, what]) => what === 'renewal 2')!;
    expect(end).toBe('error access_denied');
    // At its end to the minute, and not before.
    expect(endedAt).toBeCloseTo(issuedAt + 60, 5);
    expect(office.clock.nextTimerAt).toBeUndefined();
  });

  test('end at once with a first failure, and with one that no try mends', async () => {
    const first = new Office();
    first.failure = away();
    const early = await first.follow();
    await early.over;
    expect(early.seen).toEqual([[0, 'error connection_problem']]);
    for (const code of ['canceled', 'not_implemented', 'bad_parameter'] as const) {
      const office = new Office();
      const late = await office.follow();
      await office.clock.advance(MINUTE);
      office.failure = new TeleportError(code, 'for good');
      await office.clock.advance(HOUR);
      await late.over;
      expect(late.seen).toEqual([
        [0, 'start 1'],
        [40, `error ${code}`],
      ]);
    }
  });

  test('come soon after a rotation, once for several steps, and in the time that is left', async () => {
    const office = new Office();
    const { rotations } = office;
    const { seen, leave } = await office.follow({ rotations, random: () => 0.999 });
    await office.clock.advance(MINUTE);
    office.rotate('init');
    await office.clock.advance(0);
    await office.clock.advance(MINUTE);
    office.rotate('update_clients');
    await office.clock.advance(0);
    await office.clock.advance(500);
    office.rotate('update_clients');
    await office.clock.advance(0);
    await office.clock.advance(MINUTE - 500);
    expect(seen).toEqual([
      [0, 'start 1'],
      [expect.closeTo(2 + 10 / 60, 2), 'rotation 2'],
    ]);
    office.rotate('update_servers');
    await office.clock.advance(0);
    await office.clock.advance(MINUTE);
    expect(office.issued).toBe(2);
    office.rotate('rollback', new Date(office.clock.now() + 4_000));
    await office.clock.advance(0);
    await office.clock.advance(2_000);
    expect(seen.at(-1)).toEqual([expect.closeTo(4 + 2 / 60, 2), 'rotation 3']);
    await office.clock.advance(37 * MINUTE);
    expect(office.issued).toBe(3);
    await leave();
    await office.clock.advance(MINUTE);
    expect([office.listeners, office.clock.nextTimerAt]).toEqual([0, undefined]);
  });

  test('listen again after a break, and go without where nobody tells of rotations', async () => {
    const office = new Office();
    let breaks = 0;
    const rotations = (signal: AbortSignal): AsyncIterable<CaRotation> => {
      if (++breaks < 3) throw away();
      return office.rotations(signal);
    };
    const { seen, leave } = await office.follow({ rotations });
    await office.clock.advance(MINUTE);
    office.rotate('update_clients');
    await office.clock.advance(0);
    await office.clock.advance(2_000);
    expect([breaks, seen.at(-1)?.[1]]).toEqual([3, 'rotation 2']);
    await leave();
    const silent = new Office();
    let asked = 0;
    const none = (): never => {
      asked++;
      throw new TeleportError('not_implemented', 'an older agent');
    };
    const without = await silent.follow({ rotations: none });
    await silent.clock.advance(41 * MINUTE);
    expect([asked, silent.issued]).toEqual([1, 2]);
    await without.leave();
  });

  test('give a try up that takes too long, and pass the reason of the caller’s signal on', async () => {
    const office = new Office();
    const hanging = await office.follow({
      tryMs: 5_000,
      issue: (signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    await office.clock.advance(5_000);
    await hanging.over;
    expect(hanging.seen).toEqual([[expect.closeTo(5 / 60, 5), 'error timeout']]);
    const controller = new AbortController();
    const aborted = await office.follow({ signal: controller.signal });
    await office.clock.advance(MINUTE);
    controller.abort('never mind');
    await aborted.over;
    expect(aborted.seen.at(-1)?.[1]).toBe('error never mind');
    expect(office.clock.nextTimerAt).toBeUndefined();
  });

  test('of a host that says nonsense about when to ask come once a second at most', async () => {
    const office = new Office();
    const issue = async (signal: AbortSignal): Promise<Paper> => ({
      ...(await office.issue(signal)),
      refreshAt: new Date(0),
    });
    const { leave } = await office.follow({ issue });
    await office.clock.advance(10_500);
    expect(office.issued).toBe(11);
    await leave();
  });

  test('leave no moment without a living credential, whatever fails for less than a third of its life', async () => {
    const outage = fc.record({
      atMs: fc.integer({ min: 1, max: 10 * HOUR }),
      partOfLife: fc.double({ min: 0, max: 0.3, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        outage,
        fc.integer({ min: MINUTE, max: 3 * HOUR }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async ({ atMs, partOfLife }, lifeMs, random) => {
          const office = new Office();
          office.lifeMs = lifeMs;
          const options = { issue: office.issue, clock: office.clock, random: () => random };
          const iterator = renewals<Paper>(options)[Symbol.asyncIterator]();
          let last: Paper | undefined;
          const gaps: number[] = [];
          const over = (async () => {
            for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
              const value: Renewal<Paper> = next.value;
              if (value.type !== 'identity') continue;
              if (last && value.identity.issuedAtMs > last.expires.getTime()) gaps.push(value.identity.number);
              last = value.identity;
            }
          })();
          await office.clock.advance(0);
          await office.clock.advance(Math.min(atMs, 3 * lifeMs));
          office.failure = away();
          await office.clock.advance(lifeMs * partOfLife);
          office.failure = undefined;
          await office.clock.advance(lifeMs);
          expect(gaps).toEqual([]);
          expect(last?.expires.getTime()).toBeGreaterThan(office.clock.now());
          await iterator.return?.();
          await over;
        },
      ),
      { numRuns: 40 },
    );
  });
});
