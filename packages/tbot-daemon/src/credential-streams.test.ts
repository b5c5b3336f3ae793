import { generateKeyPairSync } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import { type CaRotation, Failure, type WatchIdentityResponse } from '@teleport-ts/tbot-core/proto';
import { describe, expect, test } from 'vitest';
import { failure, generate, health, path, readPeer, recorded, roles } from '../test-support/credential-socket.ts';
import { openWithBot, type Received, stream } from '../test-support/credential-streams.ts';
import { RequestLimiter } from './policy/request-limits.ts';

const MINUTE = 60_000;
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tlsPublicKey = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string);
const request = { kind: { $case: 'application', value: { name: 'foo' } }, tlsPublicKey };
const serial = recorded().serial;

const watch = (more: object = {}, knownSerial = ''): Received<WatchIdentityResponse> =>
  stream<WatchIdentityResponse>('watchIdentity', { request: { ...request, ...more }, knownSerial });

const rotation = { type: 'user', cluster: 'root.example', phase: 'update_clients', reason: 'a new key signs' } as const;

const failureOf = ({ metadata }: { metadata: { get(key: string): unknown[] } }): Failure =>
  Failure.decode(metadata.get('tbot-failure-bin')[0] as Buffer);

describe('a stream of credentials', () => {
  test('begins with one and renews it in time, each decided on, recorded and counted', async () => {
    const { clock, asked, records, counters } = await openWithBot();
    const seen = watch();
    const [first] = await seen.count(1);
    expect(first).toMatchObject({ reason: 'start', event: { $case: 'identity', value: { serial, roles } } });
    await clock.advance(39 * MINUTE);
    expect(asked).toHaveLength(1);
    await clock.advance(MINUTE);
    const [, second] = await seen.count(2);
    expect(second).toMatchObject({ reason: 'renewal', event: { $case: 'identity', value: { serial } } });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ kind: 'application', name: 'foo', roles, keys: { tls: tlsPublicKey.toString() } });
    expect(records).toMatchObject([
      { outcome: 'issued', trigger: 'start', request: { own_key: true } },
      { outcome: 'issued', trigger: 'renewal', serial },
    ]);
    expect(counters.status()).toMatchObject({ issued: 2 });
    seen.stream.cancel();
    await expect.poll(() => clock.timers).toBeLessThan(3);
    await clock.advance(60 * MINUTE);
    expect(asked).toHaveLength(2);
  });

  test('renews soon after a rotation', async () => {
    const { clock, bot } = await openWithBot();
    const seen = watch();
    await seen.count(1);
    await expect.poll(() => bot.tell).toBeDefined();
    bot.tell?.(rotation);
    await expect.poll(() => clock.advance(1000).then(() => seen.messages.length)).toBe(2);
    expect(seen.messages[1]?.reason).toBe('rotation');
  });

  test('tells of trouble while the last credential lives, and ends with the error when it does not', async () => {
    const { clock, bot, records, asked } = await openWithBot();
    const seen = watch();
    await seen.count(1);
    bot.failure = new TeleportError('connection_problem', 'the cluster is away', { retryable: true });
    await clock.advance(40 * MINUTE);
    const [, trouble] = await seen.count(2);
    expect(trouble?.event).toMatchObject({
      $case: 'trouble',
      value: { failure: { code: 'connection_problem', message: 'the cluster is away', botExpires: {} }, nextTry: {} },
    });
    expect(records.at(-1)).toMatchObject({ outcome: 'failed', trigger: 'renewal', code: 'connection_problem' });
    bot.failure = undefined;
    await clock.advance(2 * MINUTE);
    expect(seen.messages.at(-1)).toMatchObject({ reason: 'renewal', event: { $case: 'identity' } });

    bot.failure = new TeleportError('not_found', 'the application is gone');
    const before = asked.length;
    await clock.advance(61 * MINUTE);
    const end = await seen.end();
    expect(end).toMatchObject({ code: 5, details: 'the application is gone' });
    expect(failureOf(end)).toMatchObject({ code: 'not_found' });
    // Spread over the last third of the life, not hammered.
    expect(asked.length - before).toBeGreaterThan(5);
    expect(asked.length - before).toBeLessThan(100);
  });

  test('that broke off goes on where it was, for the same caller, key and request', async () => {
    const { clock, asked } = await openWithBot();
    const first = watch();
    await first.count(1);
    first.stream.cancel();
    await clock.advance(10 * MINUTE);
    const resumed = watch({}, serial.toUpperCase());
    await resumed.opened();
    expect(asked).toHaveLength(1);
    await clock.advance(30 * MINUTE);
    expect((await resumed.count(1))[0]).toMatchObject({ reason: 'renewal', event: { $case: 'identity' } });
    expect(asked).toHaveLength(2);

    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    const otherKey = Buffer.from(other.export({ type: 'spki', format: 'pem' }) as string);
    for (const [more, known] of [
      [{ tlsPublicKey: otherKey }, serial],
      [{ ttl: { seconds: 600n, nanos: 0 } }, serial],
      [{ roles: [roles[0]] }, serial],
      [{}, 'abcdef'],
    ] as const) {
      const stranger = watch(more, known);
      expect((await stranger.count(1))[0]?.reason).toBe('start');
      stranger.stream.cancel();
    }
  });

  test('after its credential has ended begins anew', async () => {
    const { clock, asked } = await openWithBot();
    const first = watch();
    await first.count(1);
    first.stream.cancel();
    await clock.advance(61 * MINUTE);
    expect((await watch({}, serial).count(1))[0]?.reason).toBe('start');
    expect(asked).toHaveLength(2);
  });

  test.each([
    ['a stream needs a public key of its caller', { tlsPublicKey: Buffer.alloc(0) }, 3],
    ['this socket does not allow the role "admin"', { roles: ['admin'] }, 7],
    ['the ttl must be positive, it is 0s', { ttl: { seconds: 0n, nanos: 0 } }, 3],
  ])('is refused as a single request is: %s', async (details, more, code) => {
    const { asked, records } = await openWithBot();
    expect(await watch(more).end()).toMatchObject({ code, details });
    // A serial that is known opens nothing.
    expect(await watch(more, serial).end()).toMatchObject({ code, details });
    expect(asked).toHaveLength(0);
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ outcome: 'refused', trigger: 'start' });
  });

  test('without a request says so', async () => {
    await openWithBot();
    expect(await stream('watchIdentity', {}).end()).toMatchObject({ code: 3 });
  });

  test('ends with the deadline of its caller', async () => {
    const { clock, asked } = await openWithBot();
    const seen = stream<WatchIdentityResponse>('watchIdentity', { request }, { deadlineMs: 30 * MINUTE });
    await seen.count(1);
    await clock.advance(31 * MINUTE);
    expect(await seen.end()).toMatchObject({ code: 4, details: 'the deadline of the stream has passed' });
    await clock.advance(60 * MINUTE);
    expect(asked).toHaveLength(1);
  });

  test('whose renewals come too fast wait for their turn', async () => {
    const clock = { now: () => 0 };
    const limiter = new RequestLimiter({ rate: { perSecond: 1 / 60, burst: 3 } }, () => clock.now());
    const opened = await openWithBot({ limiter });
    clock.now = () => opened.clock.now();
    // The clock of the limiter has jumped: three tokens are there.
    const seen = [watch(), watch()];
    for (const one of seen) await one.count(1);
    await opened.clock.advance(40 * MINUTE);
    for (const one of seen) await one.count(2);
    for (let i = 0; i < 3; i++) await generate().catch(() => {});
    await opened.clock.advance(40 * MINUTE + 10_000);
    for (const one of seen) await one.count(3);
    expect(opened.records.filter(({ code, trigger }) => code === 'limit_exceeded' && trigger)).toEqual([]);
  });
});

describe('rotations', () => {
  test('are passed on as long as the caller listens', async () => {
    const { bot } = await openWithBot();
    const seen = stream<CaRotation>('listenForRotation', {});
    await seen.opened();
    expect(bot.listening).toBe(1);
    const deadline = new Date('2026-11-23T00:00:00Z');
    bot.tell?.({ ...rotation, deadline });
    expect((await seen.count(1))[0]).toMatchObject({
      ...rotation,
      deadline: { seconds: BigInt(deadline.getTime() / 1000) },
    });
    seen.stream.cancel();
    await expect.poll(() => bot.listening).toBe(0);
  });
});

describe('streams and limits', () => {
  test('open streams are bounded, and keep nobody from calling', async () => {
    const limiter = new RequestLimiter({ streams: 2 }, () => 0);
    const { socket } = await openWithBot({ limiter });
    const seen = [watch(), stream<CaRotation>('listenForRotation', {})];
    await seen[0]!.opened();
    await seen[1]!.opened();
    expect(socket.status()).toMatchObject({ streams: 2, connections: 2, path, roles });
    const refused = await watch().end();
    expect(refused).toMatchObject({ code: 8, details: '2 streams are open on this socket' });
    expect(failureOf(refused)).toMatchObject({ code: 'limit_exceeded', retryAfter: { seconds: 1n } });
    expect(await stream('listenForRotation', {}).end()).toMatchObject({ code: 8 });
    expect(await health('')).toMatchObject({ status: 1 });
    await generate();
    seen[0]!.stream.cancel();
    await expect.poll(() => socket.status().streams).toBe(1);
    await watch().count(1);
  });

  test('a socket that closes ends them at once, and says that it is worth coming back', async () => {
    const { socket, bot, clock } = await openWithBot();
    const seen = [watch(), stream<CaRotation>('listenForRotation', {})];
    await seen[0]!.count(1);
    await seen[1]!.opened();
    await socket.close();
    for (const one of seen) {
      const end = await one.end();
      expect(end).toMatchObject({ code: 14, details: 'the agent is stopping' });
      expect(failureOf(end)).toMatchObject({ code: 'connection_problem', retryAfter: { seconds: 1n } });
    }
    expect(bot.listening).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('haste is recorded now and then, and counted always', async () => {
    const limiter = new RequestLimiter({ rate: { perSecond: 0.001, burst: 1 } }, () => 0);
    const { records, counters, clock } = await openWithBot({ limiter });
    await generate();
    const refused = await Promise.all(Array.from({ length: 80 }, () => failure(generate())));
    expect(refused.every(({ code }) => code === 8)).toBe(true);
    expect(counters.status()).toMatchObject({ issued: 1, refused: 80 });
    expect(records).toHaveLength(51);
    await clock.advance(1000);
    await failure(generate());
    expect(records.at(-1)).toMatchObject({ code: 'limit_exceeded', omitted: 30 });
  });
});

test.runIf(readPeer)('a serial is of no use to another user', async () => {
  let uid = 1;
  const { asked } = await openWithBot({ readPeer: () => ({ uid, gid: 1, pid: 1, groups: [] }) });
  await watch().count(1);
  uid = 2;
  expect((await watch({}, serial).count(1))[0]?.reason).toBe('start');
  expect(asked).toHaveLength(2);
});
