import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { TestPki } from '../../test-support/pki.ts';
import { fromFunction } from './from-function.ts';
import { KeptCredential } from './kept-credential.ts';

const pki = new TestPki();
const hourMs = 3_600_000;

async function keeping() {
  const clock = new FakeClock();
  const held: { parts: ReturnType<TestPki['user']> | Error } = { parts: pki.user() };
  const source = fromFunction(() => {
    if (held.parts instanceof Error) throw held.parts;
    return held.parts;
  });
  const kept = new KeptCredential(source, clock);
  const first = await kept.current();
  kept.worked(first);
  return { clock, held, kept, first };
}

test('the newest is taken', async () => {
  const { held, kept, first } = await keeping();
  held.parts = pki.user();
  const next = await kept.current();
  expect(next.serial).not.toBe(first.serial);
  await expect(kept.newest()).resolves.toMatchObject({ serial: next.serial });
});

test('one that cannot be read, is not valid now, or was refused leaves the one that worked', async () => {
  const { held, kept, first } = await keeping();
  held.parts = new TeleportError('bad_parameter', 'half a block');
  expect(await kept.current()).toBe(first);
  await expect(kept.newest()).rejects.toThrow('half a block');
  held.parts = pki.user({ notBefore: new Date(Date.now() + hourMs) });
  expect(await kept.current()).toBe(first);
  held.parts = pki.user();
  const next = await kept.current();
  kept.refused(next);
  expect(await kept.current()).toBe(first);
  kept.forgive();
  await expect(kept.current()).resolves.toMatchObject({ serial: next.serial });
});

test('one that worked and has expired is kept no longer', async () => {
  const { clock, held, kept } = await keeping();
  held.parts = new TeleportError('bad_parameter', 'half a block');
  await clock.advance(hourMs);
  await expect(kept.current()).rejects.toThrow('half a block');
});

test('who gave up is not answered with an old one', async () => {
  const { kept } = await keeping();
  await expect(kept.current({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('before one has worked there is nothing to fall back to', async () => {
  const kept = new KeptCredential(
    fromFunction(() => Promise.reject(new TeleportError('not_found', 'nothing there'))),
    new FakeClock(),
  );
  await expect(kept.current()).rejects.toMatchObject({ code: 'not_found' });
});
