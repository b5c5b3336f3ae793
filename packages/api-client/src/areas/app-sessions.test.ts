import { inspect } from 'node:util';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import { userClient } from '../../test-support/user-client.ts';
import type { Client } from '../client.ts';
import {
  createAppSession,
  deleteAllAppSessions,
  deleteAppSession,
  deleteUserAppSessions,
  getAppSession,
  listAppSessions,
  listAppSessionsPage,
} from './app-sessions.ts';

let it: AreaCluster;
let bob: Client;
const app = { publicAddress: 'grafana.localhost', cluster: 'root.test', name: 'grafana' };

beforeAll(async () => {
  it = await startAreaCluster();
  bob = await userClient(it.cluster, 'bob');
});
afterAll(async () => {
  await bob.close({ graceMs: 0 });
  await it[Symbol.asyncDispose]();
});

test('sessions are made, seen and ended by whom they belong to', async () => {
  const session = await createAppSession(bob, { user: 'bob', ...app });
  expect(session).toMatchObject({ kind: 'web_session', subKind: 'app_session', user: 'bob' });
  expect(session.name).toMatch(/^[0-9a-f]{64}$/);
  expect(session.raw.Spec?.TLSPriv).toHaveLength(0);
  const own = await getAppSession(bob, session.name);
  expect(own).toMatchObject({ name: session.name, expires: session.expires });
  expect(own.raw.Spec?.TLSPriv).toHaveLength(0);
  await expect(createAppSession(bob, { user: 'alice', ...app })).rejects.toMatchObject({ code: 'access_denied' });
  await expect(collected(listAppSessions(bob, { user: 'bob' }))).rejects.toMatchObject({ code: 'access_denied' });
  await deleteAppSession(bob, session.name);
  await expect(getAppSession(bob, session.name)).rejects.toMatchObject({ code: 'not_found' });
});

test('whoever may read sessions gets their keys, but not by logging them', async () => {
  const { name } = await createAppSession(bob, { user: 'bob', ...app });
  const session = await getAppSession(it.client, name);
  expect(session.raw.Spec?.TLSPriv.toString()).toContain('PRIVATE KEY');
  const identity = parseTlsIdentity(session.raw.Spec?.TLSCert.toString() ?? '');
  expect(identity).toMatchObject({
    user: 'bob',
    usage: ['usage:apps'],
    app: { sessionId: name, publicAddr: app.publicAddress, clusterName: app.cluster },
  });
  expect(inspect(session, { depth: 9 }) + JSON.stringify(session)).not.toContain('PRIVATE');
  const alices = await createAppSession(it.client, { user: 'alice', ...app });
  await expect(getAppSession(bob, alices.name)).rejects.toMatchObject({ code: 'access_denied' });
  await expect(deleteAppSession(bob, alices.name)).rejects.toMatchObject({ code: 'access_denied' });
});

test('lists come in pages, and end with a user or all at once', async () => {
  await deleteAllAppSessions(it.client);
  for (let index = 0; index < 5; index++) await createAppSession(bob, { user: 'bob', ...app });
  await createAppSession(it.client, { user: 'alice', ...app });
  const users = async (user?: string): Promise<string[]> =>
    (await collected(listAppSessions(it.client, { pageSize: 2, ...(user !== undefined && { user }) }))).map(
      (session) => session.user,
    );
  expect((await users()).sort()).toEqual(['alice', 'bob', 'bob', 'bob', 'bob', 'bob']);
  expect(await users('alice')).toEqual(['alice']);
  const page = await listAppSessionsPage(it.client, { pageSize: 4 });
  expect(page.items).toHaveLength(4);
  expect(page.nextToken).not.toBe('');
  await deleteUserAppSessions(bob, 'bob');
  expect(await users()).toEqual(['alice']);
  await expect(deleteUserAppSessions(bob, 'alice')).rejects.toMatchObject({ code: 'access_denied' });
  await expect(deleteAllAppSessions(bob)).rejects.toMatchObject({ code: 'access_denied' });
  await deleteAllAppSessions(it.client);
  expect(await users()).toEqual([]);
});
