import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status as grpcStatus, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { FakeClock, heldResources, leakedSince, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthServer, refusal } from '../../test-support/auth-server.ts';
import { type KeyAndCert, TestPki } from '../../test-support/pki.ts';
import type { Client } from '../client.ts';
import type { ClientOptions } from '../client-options.ts';
import { connect } from '../connect.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { fromFunction } from '../credentials/from-function.ts';
import { loadIdentityFile } from '../credentials/identity-file.ts';
import { loadKeyPair } from '../credentials/load-key-pair.ts';
import { loadTLS } from '../credentials/load-tls.ts';
import type { ClientStatus } from '../status/client-status.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const minuteMs = 60_000;

type Parts = KeyAndCert & { ca: string };
type CredentialStatus = Extract<ClientStatus, { type: 'credentials' }>;
const identity = ({ key, cert, ca }: Parts): string => key + cert + ca;

let folder: TemporaryDirectory;
let server: AuthServer;
let clock: FakeClock;
let clients: Client[];
/** What the server does with pings; it answers unless told otherwise. */
let refusePing: { code: number; details: string } | undefined;
const running: { answer: sendUnaryData<object>; stream?: ServerWritableStream<unknown, object> }[] = [];

beforeEach(async () => {
  folder = await TemporaryDirectory.create();
  clock = new FakeClock();
  clients = [];
  refusePing = undefined;
  running.length = 0;
  server = await AuthServer.start({
    certificate,
    handlers: {
      ping: (_call: unknown, answer: sendUnaryData<object>) =>
        refusePing
          ? answer(refusal(refusePing.code, refusePing.details))
          : answer(null, { ClusterName: 'root.test', ServerVersion: '18.0.0' }),
      getRole: (_call: unknown, answer: sendUnaryData<object>) => void running.push({ answer }),
      getCurrentUserRoles: (stream: ServerWritableStream<unknown, object>) =>
        void running.push({ answer: () => {}, stream }),
    },
  });
});

afterEach(async () => {
  for (const client of clients) await client.close({ graceMs: 0 });
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Waits until something holds, without a clock: whatever brings it about is under way. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** The same, while the moments pass in which changes are waited out: one may be noticed in several parts. */
async function soon(holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (clock.nextTimerAt !== undefined && clock.nextTimerAt <= clock.now() + 250) await clock.advance(250);
    else await new Promise((resolve) => setImmediate(resolve));
  }
}

async function open(credentials: CredentialSource, options: Partial<ClientOptions> = {}) {
  // Tries of the calls themselves would wait on the clock that stands still.
  const client = await connect({ addresses: [server.address], credentials, clock, retry: false, ...options });
  clients.push(client);
  const said: CredentialStatus[] = [];
  void (async () => {
    for await (const status of client.status()) if (status.type === 'credentials') said.push(status);
  })();
  const heard = async (event: CredentialStatus['event']): Promise<CredentialStatus> => {
    await soon(() => said.some((status) => status.event === event));
    return said.find((status) => status.event === event) as CredentialStatus;
  };
  return { client, said, heard };
}

/** Lets the time pass in which a change is waited out, once it has been noticed. */
async function noticed(): Promise<void> {
  await until(() => clock.nextTimerAt !== undefined && clock.nextTimerAt <= clock.now() + 250);
  await clock.advance(250);
}

const write = (name: string, content: string): Promise<void> => writeFile(folder.join(name), content);
const lastSerial = (): string | undefined => server.serials.at(-1);

describe('a credential in files', () => {
  const writePair = async ({ key, cert, ca }: Parts): Promise<void> => {
    for (const [name, content] of Object.entries({ 'api.key': key, 'api.crt': cert, 'api.cas': ca })) {
      await write(`${name}.tmp`, content);
      await rename(folder.join(`${name}.tmp`), folder.join(name));
    }
  };
  const pair = (): CredentialSource =>
    loadKeyPair(folder.join('api.crt'), folder.join('api.key'), folder.join('api.cas'));

  test('that is replaced by renaming, file by file: new calls use it', async () => {
    await writePair(pki.user());
    const { client, heard } = await open(pair());
    const first = lastSerial();
    const next = pki.user();
    await writePair(next);
    await noticed();
    await expect(heard('reloaded')).resolves.toMatchObject({ notAfter: expect.any(Date) });
    expect(lastSerial()).not.toBe(first);
    expect(lastSerial()).toBe((await pair().current()).serial);
    const sessions = server.serials.length;
    await client.ping();
    expect(server.serials).toHaveLength(sessions);
  });

  test('of a Kubernetes secret, whose link is swapped', async () => {
    const put = async (version: string, content: string): Promise<void> => {
      await mkdir(folder.join(version));
      await writeFile(join(folder.join(version), 'identity'), content);
      await symlink(version, folder.join('..data_tmp'));
      await rename(folder.join('..data_tmp'), folder.join('..data'));
    };
    await put('..1', identity(pki.user()));
    await symlink('..data/identity', folder.join('identity'));
    const { said } = await open(loadIdentityFile(folder.join('identity')));
    for (const version of [2, 3, 4]) {
      await put(`..${version}`, identity(pki.user()));
      await noticed();
      await soon(() => said.length === version - 1);
      expect(new Set(server.serials).size).toBe(version);
    }
  });

  test('that is caught half written is not spoken of', async () => {
    await write('identity', identity(pki.user()));
    const { said, heard } = await open(loadIdentityFile(folder.join('identity')));
    await noticed();
    const text = identity(pki.user());
    await write('identity', text.slice(0, 700));
    await noticed();
    await until(() => clock.nextTimerAt === clock.now() + 250);
    await write('identity', text);
    await noticed();
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['reloaded']);
  });

  test('that stays half written is reported once, and the old one goes on', async () => {
    await write('identity', identity(pki.user()));
    const { client, said, heard } = await open(loadIdentityFile(folder.join('identity')));
    const first = lastSerial();
    const next = pki.user();
    await write('identity', identity(next).slice(0, 700));
    await noticed();
    await noticed();
    await expect(heard('invalid')).resolves.toMatchObject({
      cause: { code: 'bad_parameter', message: expect.stringContaining(folder.join('identity')) },
    });
    await clock.advance(10 * minuteMs);
    server.cut();
    await client.ping().catch(() => client.ping());
    expect(lastSerial()).toBe(first);
    expect(said.map(({ event }) => event)).toEqual(['invalid']);
    await write('identity', identity(next));
    await noticed();
    await heard('reloaded');
    expect(lastSerial()).not.toBe(first);
  });

  test('whose key and certificate do not belong together is not taken', async () => {
    const one = pki.user();
    await writePair(one);
    const { client, heard } = await open(pair());
    await write('api.key', pki.user().key);
    await expect(client.reloadCredentials()).rejects.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining('does not belong to the certificate'),
    });
    await heard('invalid');
    await client.ping();
    expect(server.serials).toHaveLength(1);
  });

  test('that is written again with the same content is no change', async () => {
    const text = identity(pki.user());
    await write('identity', text);
    const { client, said } = await open(loadIdentityFile(folder.join('identity')));
    await noticed();
    await write('identity', text);
    await noticed();
    await expect(client.reloadCredentials()).resolves.toBe('same');
    expect(said).toEqual([]);
    expect(server.serials).toHaveLength(1);
  });

  test('that nobody watches is looked at once a minute, or as often as is asked', async () => {
    await write('identity', identity(pki.user()));
    const source = loadIdentityFile(folder.join('identity'));
    const { said } = await open(source, { reload: { watch: false } });
    await write('identity', identity(pki.user()));
    await clock.advance(minuteMs - 1);
    expect(clock.timers).toBe(1);
    await clock.advance(1);
    await soon(() => said.length === 1);
    const often = await open(source, { reload: { watch: false, pollMs: 1_000 } });
    await write('identity', identity(pki.user()));
    await clock.advance(1_000);
    await often.heard('reloaded');
  });

  test('is left alone when that is asked, but for a request', async () => {
    await write('identity', identity(pki.user()));
    const { client, said, heard } = await open(loadIdentityFile(folder.join('identity')), { reload: false });
    await write('identity', identity(pki.user()));
    await clock.advance(30 * minuteMs);
    expect(said).toEqual([]);
    await expect(client.reloadCredentials()).resolves.toBe('changed');
    await heard('reloaded');
    expect(server.serials).toHaveLength(2);
  });
});

describe('a credential that ends', () => {
  const hour = (parts: { from?: number; to?: number } = {}): Parts => {
    const now = clock.now();
    return pki.user({
      notBefore: new Date(now + (parts.from ?? 0)),
      notAfter: new Date(now + (parts.to ?? 60 * minuteMs)),
    });
  };

  test('from a function is asked for at two thirds of its life, and then each minute of its last five', async () => {
    const asked: number[] = [];
    const start = clock.now();
    const parts = hour();
    await open(
      fromFunction(() => {
        asked.push(Math.round((clock.now() - start) / minuteMs));
        return parts;
      }),
    );
    asked.length = 0;
    await clock.advance(62 * minuteMs);
    expect(asked).toEqual([40, 55, 56, 57, 58, 59, 60, 61, 62]);
  });

  test('and is not renewed: said before, refused after, and not dialed with', async () => {
    const parts = hour();
    const { client, said, heard } = await open(loadTLS(parts));
    await clock.advance(55 * minuteMs - 1_000);
    expect(said).toEqual([]);
    await clock.advance(2_000);
    await expect(heard('expiring')).resolves.toMatchObject({ notAfter: expect.any(Date) });
    await client.ping();
    await clock.advance(5 * minuteMs);
    const { cause, notAfter } = await heard('expired');
    expect(cause).toMatchObject({ code: 'expired', message: expect.stringContaining('the TLS credential expired at') });
    await expect(client.ping()).rejects.toMatchObject({
      code: 'expired',
      retryable: false,
      rpc: '/proto.AuthService/Ping',
      message: expect.stringContaining(notAfter?.toISOString() ?? '?'),
    });
    const stream = client.service(AuthServiceDefinition).getCurrentUserRoles({});
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'expired' });
    expect(said.map(({ event }) => event)).toEqual(['expiring', 'expired']);
    expect(server.serials).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  test('and is renewed after its end: calls go on', async () => {
    await write('identity', identity(hour()));
    const { client, said, heard } = await open(loadIdentityFile(folder.join('identity')));
    await clock.advance(56 * minuteMs);
    await heard('expiring');
    await clock.advance(5 * minuteMs);
    await heard('expired');
    await expect(client.ping()).rejects.toMatchObject({
      code: 'expired',
      message: expect.stringContaining('identity'),
    });
    await write('identity', identity(hour()));
    await noticed();
    await heard('reloaded');
    await client.ping();
    expect(said.map(({ event }) => event)).toEqual(['expiring', 'expired', 'reloaded']);
  });

  test('and one that has already ended, or is not valid yet, is not taken', async () => {
    let parts = hour();
    const { client, heard } = await open(fromFunction(() => parts));
    parts = hour({ from: -2 * minuteMs, to: -minuteMs });
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'expired' });
    await heard('invalid');
    parts = hour({ from: minuteMs });
    await expect(client.reloadCredentials()).rejects.toMatchObject({
      message: expect.stringContaining('not valid before'),
    });
    await client.ping();
    await clock.advance(2 * minuteMs);
    await heard('reloaded');
  });

  test('whose function fails is asked for again in a minute', async () => {
    let isSealed = false;
    let parts = hour();
    const { said, heard } = await open(
      fromFunction(() => {
        if (isSealed) throw new TeleportError('connection_problem', 'the vault is sealed', { retryable: true });
        return parts;
      }),
    );
    isSealed = true;
    await clock.advance(40 * minuteMs);
    await clock.advance(250);
    await expect(heard('invalid')).resolves.toMatchObject({ cause: { message: 'the vault is sealed' } });
    isSealed = false;
    parts = hour();
    await clock.advance(minuteMs);
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['invalid', 'reloaded']);
  });
});

describe('what runs while the connection is replaced', () => {
  test('a call with one answer gets it on the old connection', async () => {
    let parts = pki.user();
    const { client } = await open(fromFunction(() => parts));
    const call = client.unary(AuthServiceDefinition, 'getRole', { Name: 'late' });
    await until(() => running.length === 1);
    parts = pki.user();
    await expect(client.reloadCredentials()).resolves.toBe('changed');
    await client.ping();
    expect(server.sockets.size).toBe(2);
    running[0]?.answer(null, { Metadata: { Name: 'late' } });
    await expect(call).resolves.toMatchObject({ Metadata: { Name: 'late' } });
    await until(() => server.sockets.size === 1);
  });

  test('an open stream goes on for half a minute, and is then told to begin again', async () => {
    let parts = pki.user();
    const { client } = await open(fromFunction(() => parts));
    const roles = client.service(AuthServiceDefinition).getCurrentUserRoles({})[Symbol.asyncIterator]();
    const first = roles.next();
    await until(() => running.length === 1);
    running[0]?.stream?.write({ Metadata: { Name: 'one' } });
    await expect(first).resolves.toMatchObject({ value: { Metadata: { Name: 'one' } } });
    parts = pki.user();
    await client.reloadCredentials();
    await clock.advance(29_000);
    running[0]?.stream?.write({ Metadata: { Name: 'two' } });
    await expect(roles.next()).resolves.toMatchObject({ value: { Metadata: { Name: 'two' } } });
    const ended = expect(roles.next()).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: true,
      message: 'the connection was replaced by a newer one',
    });
    await clock.advance(1_000);
    await ended;
    await until(() => server.sockets.size === 1);
  });

  test('a new one that the cluster refuses leaves the old one, and is tried again later', async () => {
    let parts = pki.user();
    const { client, said, heard } = await open(fromFunction(() => parts));
    const first = lastSerial();
    parts = pki.user();
    refusePing = { code: grpcStatus.PERMISSION_DENIED, details: 'not you' };
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'access_denied' });
    await expect(heard('invalid')).resolves.toMatchObject({ cause: { code: 'access_denied' } });
    refusePing = undefined;
    server.cut();
    await client.ping().catch(() => client.ping());
    expect(lastSerial()).toBe(first);
    await clock.advance(minuteMs);
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['invalid', 'reloaded']);
    expect(lastSerial()).not.toBe(first);
  });

  test('a server that is down meanwhile is waited for, with the new one', async () => {
    let parts = pki.user();
    const { client, said, heard } = await open(
      fromFunction(() => parts),
      { random: () => 0.5 },
    );
    const [first] = server.serials;
    parts = pki.user();
    const { port } = server;
    await server[Symbol.asyncDispose]();
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
    server = await AuthServer.start({ certificate, port });
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['reloaded']);
    expect(server.serials).not.toContain(first);
    await client.ping();
  });

  test('a hundred requests at once make two connections at most', async () => {
    let parts = pki.user();
    const { client } = await open(fromFunction(() => parts));
    parts = pki.user();
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => client.reloadCredentials()));
    expect(outcomes).toContain('changed');
    expect(server.serials.length).toBeLessThanOrEqual(3);
  });
});

test('a client that is closed leaves no watcher, timer or socket, whatever it was at', async () => {
  await write('identity', identity(pki.user()));
  const source = loadIdentityFile(folder.join('identity'));
  const use = async (): Promise<void> => {
    const { client } = await open(source);
    await write('identity', identity(pki.user()));
    const reload = client.reloadCredentials().catch((error: unknown) => error);
    await client.close({ graceMs: 0 });
    await reload;
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'canceled' });
  };
  await use();
  const before = heldResources();
  for (let count = 0; count < 5; count += 1) await use();
  await until(() => server.sockets.size === 0);
  expect(clock.timers).toBe(0);
  expect(leakedSince(before)).toEqual({});
});
