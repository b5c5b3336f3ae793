import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { heldResources, leakedSince } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyAndCert } from '../../test-support/pki.ts';
import { pki, Renewals } from '../../test-support/renewals.ts';
import { until } from '../../test-support/until.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { firstOf } from '../credentials/first-of.ts';
import { fromFunction } from '../credentials/from-function.ts';
import { loadIdentityFile } from '../credentials/identity-file.ts';
import { loadKeyPair } from '../credentials/load-key-pair.ts';
import { loadTLS } from '../credentials/load-tls.ts';

const minuteMs = 60_000;
let it: Renewals;

beforeEach(async () => {
  it = await Renewals.create();
});
afterEach(() => it[Symbol.asyncDispose]());

type Parts = KeyAndCert & { ca: string };
const identity = ({ key, cert, ca }: Parts): string => key + cert + ca;

describe('a credential in files', () => {
  const writePair = async ({ key, cert, ca }: Parts): Promise<void> => {
    for (const [name, content] of Object.entries({ 'api.key': key, 'api.crt': cert, 'api.cas': ca })) {
      await it.write(`${name}.tmp`, content);
      await rename(it.folder.join(`${name}.tmp`), it.folder.join(name));
    }
  };
  const pair = (): CredentialSource =>
    loadKeyPair(it.folder.join('api.crt'), it.folder.join('api.key'), it.folder.join('api.cas'));

  test('that is replaced by renaming, file by file: new calls use it', async () => {
    await writePair(pki.user());
    const { client, heard } = await it.open(pair());
    const first = it.lastSerial();
    const next = pki.user();
    await writePair(next);
    await it.noticed();
    await expect(heard('reloaded')).resolves.toMatchObject({ notAfter: expect.any(Date) });
    expect(it.lastSerial()).not.toBe(first);
    expect(it.lastSerial()).toBe((await pair().current()).serial);
    const sessions = it.server.serials.length;
    await client.ping();
    expect(it.server.serials).toHaveLength(sessions);
  });

  test('of a Kubernetes secret, whose link is swapped', async () => {
    const put = async (version: string, content: string): Promise<void> => {
      await mkdir(it.folder.join(version));
      await writeFile(join(it.folder.join(version), 'identity'), content);
      await symlink(version, it.folder.join('..data_tmp'));
      await rename(it.folder.join('..data_tmp'), it.folder.join('..data'));
    };
    await put('..1', identity(pki.user()));
    await symlink('..data/identity', it.folder.join('identity'));
    const { said } = await it.open(loadIdentityFile(it.folder.join('identity')));
    for (const version of [2, 3, 4]) {
      await put(`..${version}`, identity(pki.user()));
      await it.noticed();
      await it.soon(() => said.length === version - 1);
      expect(new Set(it.server.serials).size).toBe(version);
    }
  });

  test('that is caught half written is not spoken of', async () => {
    await it.write('identity', identity(pki.user()));
    const { said, heard } = await it.open(loadIdentityFile(it.folder.join('identity')));
    await it.noticed();
    const text = identity(pki.user());
    await it.write('identity', text.slice(0, 700));
    await it.noticed();
    await until(() => it.clock.nextTimerAt === it.clock.now() + 250);
    await it.write('identity', text);
    await it.noticed();
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['reloaded']);
  });

  test('that stays half written is reported once, and the old one goes on', async () => {
    await it.write('identity', identity(pki.user()));
    const { client, said, heard } = await it.open(loadIdentityFile(it.folder.join('identity')));
    const first = it.lastSerial();
    const next = pki.user();
    await it.write('identity', identity(next).slice(0, 700));
    await it.noticed();
    await it.noticed();
    await expect(heard('invalid')).resolves.toMatchObject({
      cause: { code: 'bad_parameter', message: expect.stringContaining(it.folder.join('identity')) },
    });
    await it.clock.advance(10 * minuteMs);
    it.server.cut();
    await client.ping().catch(() => client.ping());
    expect(it.lastSerial()).toBe(first);
    expect(said.map(({ event }) => event)).toEqual(['invalid']);
    await it.write('identity', identity(next));
    await it.noticed();
    await heard('reloaded');
    expect(it.lastSerial()).not.toBe(first);
  });

  test('whose key and certificate do not belong together is not taken', async () => {
    const one = pki.user();
    await writePair(one);
    const { client, heard } = await it.open(pair());
    await it.write('api.key', pki.user().key);
    await expect(client.reloadCredentials()).rejects.toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining('does not belong to the certificate'),
    });
    await heard('invalid');
    await client.ping();
    expect(it.server.serials).toHaveLength(1);
  });

  test('that is written again with the same content is no change', async () => {
    const text = identity(pki.user());
    await it.write('identity', text);
    const { client, said } = await it.open(loadIdentityFile(it.folder.join('identity')));
    await it.noticed();
    await it.write('identity', text);
    await it.noticed();
    await expect(client.reloadCredentials()).resolves.toBe('same');
    expect(said).toEqual([]);
    expect(it.server.serials).toHaveLength(1);
  });

  test('that nobody watches is looked at once a minute, or as often as is asked', async () => {
    await it.write('identity', identity(pki.user()));
    const source = loadIdentityFile(it.folder.join('identity'));
    const { said } = await it.open(source, { reload: { watch: false } });
    await it.write('identity', identity(pki.user()));
    await it.clock.advance(minuteMs - 1);
    expect(it.clock.timers).toBe(1);
    await it.clock.advance(1);
    await it.soon(() => said.length === 1);
    const often = await it.open(source, { reload: { watch: false, pollMs: 1_000 } });
    await it.write('identity', identity(pki.user()));
    await it.clock.advance(1_000);
    await often.heard('reloaded');
  });

  test('is left alone when that is asked, but for a request', async () => {
    await it.write('identity', identity(pki.user()));
    const { client, said, heard } = await it.open(loadIdentityFile(it.folder.join('identity')), { reload: false });
    await it.write('identity', identity(pki.user()));
    await it.clock.advance(30 * minuteMs);
    expect(said).toEqual([]);
    await expect(client.reloadCredentials()).resolves.toBe('changed');
    await heard('reloaded');
    expect(it.server.serials).toHaveLength(2);
  });
});

test.each([
  ['a source', (told: CredentialSource) => told],
  [
    'one of several sources',
    (told: CredentialSource) =>
      firstOf(
        told,
        fromFunction(() => pki.user()),
      ),
  ],
])('%s that tells of a change is asked at once, as long as somebody listens', async (_, wrap) => {
  let parts = pki.user();
  const listeners = new Set<() => void>();
  const told: CredentialSource = {
    ...fromFunction(() => parts),
    onChange: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
  const { client, heard } = await it.open(wrap(told));
  const first = it.lastSerial();
  parts = pki.user();
  for (const listener of listeners) listener();
  await heard('reloaded');
  expect(it.lastSerial()).not.toBe(first);
  await client.close();
  expect(listeners.size).toBe(0);
  const deaf = await it.open(wrap(told), { reload: false });
  expect(listeners.size).toBe(0);
  await deaf.client.close();
});

describe('a credential that ends', () => {
  const hour = (parts: { from?: number; to?: number } = {}): Parts => {
    const now = it.clock.now();
    return pki.user({
      notBefore: new Date(now + (parts.from ?? 0)),
      notAfter: new Date(now + (parts.to ?? 60 * minuteMs)),
    });
  };

  test('from a function is asked for at two thirds of its life, and then each minute of its last five', async () => {
    const asked: number[] = [];
    const start = it.clock.now();
    const parts = hour();
    await it.open(
      fromFunction(() => {
        asked.push(Math.round((it.clock.now() - start) / minuteMs));
        return parts;
      }),
    );
    asked.length = 0;
    await it.clock.advance(62 * minuteMs);
    expect(asked).toEqual([40, 55, 56, 57, 58, 59, 60, 61, 62]);
  });

  test('and is not renewed: said before, refused after, and not dialed with', async () => {
    const parts = hour();
    const { client, said, heard } = await it.open(loadTLS(parts));
    await it.clock.advance(55 * minuteMs - 1_000);
    expect(said).toEqual([]);
    await it.clock.advance(2_000);
    await expect(heard('expiring')).resolves.toMatchObject({ notAfter: expect.any(Date) });
    await client.ping();
    await it.clock.advance(5 * minuteMs);
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
    expect(it.server.serials).toHaveLength(1);
    expect(it.clock.timers).toBe(0);
  });

  test('and is renewed after its end: calls go on', async () => {
    await it.write('identity', identity(hour()));
    const { client, said, heard } = await it.open(loadIdentityFile(it.folder.join('identity')));
    await it.clock.advance(56 * minuteMs);
    await heard('expiring');
    await it.clock.advance(5 * minuteMs);
    await heard('expired');
    await expect(client.ping()).rejects.toMatchObject({
      code: 'expired',
      message: expect.stringContaining('identity'),
    });
    await it.write('identity', identity(hour()));
    await it.noticed();
    await heard('reloaded');
    await client.ping();
    expect(said.map(({ event }) => event)).toEqual(['expiring', 'expired', 'reloaded']);
  });

  test('and one that has already ended, or is not valid yet, is not taken', async () => {
    let parts = hour();
    const { client, heard } = await it.open(fromFunction(() => parts));
    parts = hour({ from: -2 * minuteMs, to: -minuteMs });
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'expired' });
    await heard('invalid');
    parts = hour({ from: minuteMs });
    await expect(client.reloadCredentials()).rejects.toMatchObject({
      message: expect.stringContaining('not valid before'),
    });
    await client.ping();
    await it.clock.advance(2 * minuteMs);
    await heard('reloaded');
  });

  test('whose function fails is asked for again in a minute', async () => {
    let isSealed = false;
    let parts = hour();
    const { said, heard } = await it.open(
      fromFunction(() => {
        if (isSealed) throw new TeleportError('connection_problem', 'the vault is sealed', { retryable: true });
        return parts;
      }),
    );
    isSealed = true;
    await it.clock.advance(40 * minuteMs);
    await it.clock.advance(250);
    await expect(heard('invalid')).resolves.toMatchObject({ cause: { message: 'the vault is sealed' } });
    isSealed = false;
    parts = hour();
    await it.clock.advance(minuteMs);
    await heard('reloaded');
    expect(said.map(({ event }) => event)).toEqual(['invalid', 'reloaded']);
  });
});

test('a client that is closed leaves no watcher, timer or socket, whatever it was at', async () => {
  await it.write('identity', identity(pki.user()));
  const source = loadIdentityFile(it.folder.join('identity'));
  const use = async (): Promise<void> => {
    const { client } = await it.open(source);
    await it.write('identity', identity(pki.user()));
    const reload = client.reloadCredentials().catch((error: unknown) => error);
    await client.close({ graceMs: 0 });
    await reload;
    await expect(client.reloadCredentials()).rejects.toMatchObject({ code: 'canceled' });
  };
  await use();
  const before = heldResources();
  for (let count = 0; count < 5; count += 1) await use();
  await until(() => it.server.sockets.size === 0);
  expect(it.clock.timers).toBe(0);
  expect(leakedSince(before)).toEqual({});
});
