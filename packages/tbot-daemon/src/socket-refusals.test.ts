import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServiceError } from '@grpc/grpc-js';
import { TeleportError } from '@teleport-ts/api-types';
import { RolesRefusedError } from '@teleport-ts/tbot-core';
import { describe, expect, test } from 'vitest';
import { client, ending, failure, generate, open, path, recorded, roles } from '../test-support/credential-socket.ts';
import { RequestLimiter } from './policy/request-limits.ts';

describe('a refusal', () => {
  test('by role names the offenders in its detail', async () => {
    const { records, counters } = await open();
    expect(await failure(generate({ roles: [roles[0]!, 'admin'] }))).toMatchObject({
      code: 7,
      details: 'this socket does not allow the role "admin"',
      failure: {
        code: 'access_denied',
        hint: `it allows: ${roles.join(', ')}`,
        offendingRoles: ['admin'],
        botExpires: { seconds: BigInt(Date.parse('2026-11-22T02:50:00Z') / 1000) },
      },
    });
    expect(records[0]).toMatchObject({
      outcome: 'refused',
      code: 'access_denied',
      request: { roles: [roles[0], 'admin'] },
    });
    expect(counters.status()).toMatchObject({ issued: 0, refused: 1, failed: 0 });
  });

  test.each(['r', '世', '"'])('is heard however much was asked for (%s)', async (character) => {
    await open();
    const asked = Array.from({ length: 250 }, (_, index) => `${index}`.padEnd(80, character));
    const call = generate({ roles: asked });
    const { code, details, failure: detail } = await failure(call);
    expect([code, details.startsWith('this socket does not allow the roles "0')]).toEqual([7, true]);
    expect(detail).toMatchObject({ code: 'access_denied', hint: `it allows: ${roles.join(', ')}` });
    expect(detail).toMatchObject({ offendingRoles: expect.arrayContaining(asked.slice(0, 3)) });
    // As the C library of gRPC counts: names and values, and 32 for each.
    const { metadata } = (await call.catch((error: unknown) => error)) as ServiceError;
    const trailers = Object.entries(metadata.toHttp2Headers()).flatMap(([name, values]) =>
      [values].flat().map((value) => 32 + name.length + String(value).length),
    );
    const bytes = trailers.reduce((sum, each) => sum + each, encodeURIComponent(details).length);
    expect(bytes).toBeLessThan(8192);
  });

  test("by the bot's own limit names the offenders too", async () => {
    await open({}, { generateIdentity: () => Promise.reject(new RolesRefusedError(['gone'], roles)) });
    expect(await failure(generate())).toMatchObject({ code: 7, failure: { offendingRoles: ['gone'] } });
  });

  test.each([
    ['the request does not say what the credential is for', { kind: undefined }],
    ['the ttl must be positive, it is 0s', { ttl: { seconds: 0n, nanos: 0 } }],
    ['the ttl is not a duration', { ttl: { seconds: 1n, nanos: -5 } }],
    ['the ttl is not a duration', { ttl: { seconds: 2n ** 63n - 1n, nanos: 0 } }],
    ['the ttl is not a duration', { ttl: { seconds: -(2n ** 63n), nanos: 0 } }],
    ['the ttl 59s is below the minimum of 1m0s', { ttl: { seconds: 59n, nanos: 0 } }],
    ['tls_public_key is not a PEM block PUBLIC KEY', { tlsPublicKey: Buffer.from('nonsense') }],
    [
      'tls_public_key is not a PEM block PUBLIC KEY',
      { tlsPublicKey: Buffer.from('-----BEGIN PRIVATE KEY-----\nAAAA\n') },
    ],
    ['ssh_public_key is not a line of authorized_keys', { sshPublicKey: Buffer.from('ssh-rsa !!') }],
    ['ssh_public_key is not at most 8192 bytes long', { sshPublicKey: Buffer.alloc(9000, 'a') }],
  ])('%s', async (message, request) => {
    await open();
    expect(await failure(generate(request))).toMatchObject({ code: 3, details: message });
  });

  test.each([
    ['not_found', 5],
    ['access_denied', 7],
    ['connection_problem', 14],
    ['timeout', 4],
    ['locked', 9],
    ['expired', 9],
  ] as const)('%s of the cluster is code %i', async (code, status) => {
    const { counters } = await open(
      {},
      { generateIdentity: () => Promise.reject(new TeleportError(code, 'so it is', { hint: 'do this' })) },
    );
    expect(await failure(generate())).toMatchObject({
      code: status,
      details: 'so it is',
      failure: { code, message: 'so it is', hint: 'do this' },
    });
    expect(counters.status()).toMatchObject({ issued: 0 });
  });

  test('a fault of the agent shows nothing of itself', async () => {
    const { records } = await open({}, { generateIdentity: () => Promise.reject(new Error('secret detail')) });
    const refused = await failure(generate());
    expect(refused).toMatchObject({ code: 2, details: 'the agent failed to answer; its log says why' });
    expect(JSON.stringify(records)).not.toContain('secret detail');
  });

  test('a credential for something else than was asked goes to nobody', async () => {
    const { counters } = await open();
    expect(await failure(generate({ kind: { $case: 'application', value: { name: 'bar' } } }))).toMatchObject({
      code: 2,
    });
    expect(counters.status()).toMatchObject({ issued: 0, failed: 1 });
  });

  test('what cannot be recorded is not handed out, nor issued again', async () => {
    let issued = 0;
    let writable = false;
    const { counters } = await open(
      {
        audit: {
          ready: async () => {
            if (issued > 0 && !writable) throw new TeleportError('connection_problem', 'cannot be recorded');
          },
          record: async () => {
            if (!writable) throw new TeleportError('connection_problem', 'cannot be recorded');
          },
          [Symbol.asyncDispose]: async () => {},
        },
      },
      {
        generateIdentity: async () => {
          issued += 1;
          return recorded();
        },
      },
    );
    for (let i = 0; i < 3; i++)
      expect(await failure(generate())).toMatchObject({ code: 14, details: 'cannot be recorded' });
    expect(issued).toBe(1);
    expect(counters.status().issued).toBe(0);
    writable = true;
    await generate();
  });
});

describe('limits', () => {
  test('too many requests are told when to come back', async () => {
    await open({ limiter: new RequestLimiter({ ratePerUser: { perSecond: 0.5, burst: 2 } }, () => 1_000_000) });
    const one = client();
    await generate({}, one);
    await generate({}, one);
    expect(await failure(generate({}, one))).toMatchObject({
      code: 8,
      failure: { code: 'limit_exceeded', retryAfter: { seconds: 2n } },
    });
  });

  test('a large message is refused without being read to its end', async () => {
    await open();
    expect(await failure(generate({ cluster: 'x'.repeat(100_000) }))).toMatchObject({ code: 8 });
  });

  test('a caller that gives up ends the work that is done for it', async () => {
    let aborted: unknown;
    const { records } = await open(
      {},
      {
        generateIdentity: (_request, options) =>
          new Promise((_resolve, reject) => {
            options?.signal?.addEventListener('abort', () => {
              aborted = options.signal?.reason;
              reject(options.signal?.reason);
            });
          }),
      },
    );
    expect(await failure(generate({}, undefined, 200))).toMatchObject({ code: 4 });
    await expect.poll(() => records[0]?.code).toBe('canceled');
    expect(aborted).toMatchObject({ name: 'AbortError' });
  });

  test('beyond the connections of the socket an answer says so', async () => {
    await open({ connections: { total: 2 } });
    const [first, second] = [client(), client()];
    await generate({}, first);
    await generate({}, second);
    expect(await failure(generate())).toMatchObject({ code: 8, details: 'too many connections to this socket' });
    first.close();
    await expect
      .poll(() =>
        generate({}, client()).then(
          () => 'served',
          () => 'refused',
        ),
      )
      .toBe('served');
  });

  test('who sends garbage, or nothing, hurts nobody', async () => {
    await open();
    const silent = connect({ path });
    const garbage = connect({ path });
    for (const socket of [silent, garbage]) {
      socket.on('error', () => {});
      ending.push(() => socket.destroy());
    }
    garbage.resume().write(Buffer.alloc(100_000, 0x41));
    await once(garbage, 'close');
    await generate();
  });
});
