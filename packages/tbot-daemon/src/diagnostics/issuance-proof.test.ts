import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { IssuanceProof } from './issuance-proof.ts';

function proof(prove: (signal: AbortSignal) => Promise<unknown>) {
  const clock = new FakeClock();
  const counted = { times: 0 };
  const made = new IssuanceProof({
    clock,
    prove: (signal) => {
      counted.times += 1;
      return prove(signal);
    },
  });
  return { clock, counted, made };
}

test('asked at once by many it issues once, and then not for five minutes', async () => {
  const { clock, counted, made } = proof(async () => {});
  expect(await Promise.all([made.trouble(), made.trouble(), made.trouble()])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(counted.times).toBe(1);
  await clock.advance(299_999);
  expect(await made.trouble()).toBeUndefined();
  expect(counted.times).toBe(1);
  await clock.advance(1);
  await made.trouble();
  expect(counted.times).toBe(2);
});

test('what a caller got is proof enough', async () => {
  const { clock, counted, made } = proof(async () => {});
  for (let minutes = 0; minutes < 20; minutes += 4) {
    made.succeeded();
    await clock.advance(4 * 60_000);
    expect(await made.trouble()).toBeUndefined();
  }
  expect(counted.times).toBe(0);
});

test('what a caller did not get asks for a new one, a failure stands for five seconds', async () => {
  const error = new Error('away');
  const answers: (Error | undefined)[] = [undefined, error, undefined];
  const { clock, counted, made } = proof(async () => {
    const answer = answers.shift();
    if (answer) throw answer;
  });
  expect(await made.trouble()).toBeUndefined();
  made.lapsed();
  expect(await made.trouble()).toBeUndefined();
  expect(counted.times).toBe(1);
  await clock.advance(5000);
  made.lapsed();
  expect(await made.trouble()).toBe(error);
  made.lapsed();
  await clock.advance(4999);
  expect(await made.trouble()).toBe(error);
  expect(counted.times).toBe(2);
  await clock.advance(1);
  expect(await made.trouble()).toBeUndefined();
});

test('a cluster that does not answer is not waited for', async () => {
  const { clock, made } = proof(
    (signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  );
  const asked = made.trouble();
  await clock.advance(10_000);
  expect(await asked).toBeInstanceOf(TeleportError);
  expect(await asked).toMatchObject({ code: 'timeout' });
});
