import { generateKeyPairSync } from 'node:crypto';
import { parseTlsIdentity, toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { accessRequestView } from '@teleport-ts/api-types/resources/access-request';
import { newUser } from '@teleport-ts/api-types/resources/user';
import { RealTeleport, teleportBinDir, writeEnterpriseRoles } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collected } from '../../test-support/area-cluster.ts';
import type { Client } from '../client.ts';
import { connect, loadIdentityFile, loadTLS } from '../index.ts';
import { watch } from '../watch/index.ts';
import { joinOverWeb } from '../web/index.ts';
import * as requests from './access-requests.ts';
import * as sessions from './app-sessions.ts';
import { getPluginData, listPluginData, swapPluginData, updatePluginData } from './plugin-data.ts';
import { getUser, updateUser } from './users.ts';

const HOUR_MS = 3_600_000;

describe.skipIf(!teleportBinDir())('access requests on a real Teleport 18', () => {
  let teleport: RealTeleport;
  let ca: readonly string[];
  const clients = new Map<string, Client>();
  const client = (name: string): Client => clients.get(name) as Client;

  /** Reads lag behind writes by about a second. */
  const soon = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000, interval: 200 });

  async function user(name: string, roles: readonly string[]): Promise<void> {
    await teleport.tctl(['users', 'add', name, `--roles=${roles.join(',')}`, '--logins=root']);
    const credentials = loadIdentityFile(await teleport.identityFile(name));
    ca = (await credentials.current()).ca;
    clients.set(name, await connect({ addresses: [teleport.authAddress], credentials }));
  }

  const keys = (): { key: string; publicKey: Buffer } => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return {
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    };
  };

  async function bot(name: string, roles: readonly string[], prepare?: () => Promise<void>): Promise<Client> {
    const Token = await teleport.createBot(name, roles);
    await prepare?.();
    const { key, publicKey } = keys();
    const join = { Role: 'Bot', Token, NodeName: 'n', PublicTLSKey: publicKey };
    const { TLS } = await joinOverWeb(teleport.proxyAddress, join, { webCa: [teleport.webCaPem] });
    const credentials = loadTLS({ key, cert: TLS.toString(), ca });
    return await connect({ addresses: [teleport.authAddress], credentials });
  }

  /** A client with a certificate that `from` asks for. */
  async function issued(from: Client, request: object): Promise<Client> {
    const { key, publicKey } = keys();
    const { TLS } = await from.unary(AuthServiceDefinition, 'generateUserCerts', {
      Expires: toTimestamp(new Date(Date.now() + HOUR_MS)),
      TLSPublicKey: publicKey,
      ...request,
    });
    const credentials = loadTLS({ key, cert: TLS.toString(), ca });
    return await connect({ addresses: [teleport.authAddress], credentials });
  }

  beforeAll(async () => {
    teleport = await RealTeleport.start();
    const rules = (resource: string, ...verbs: string[]) => ({ resources: [resource], verbs });
    for (const name of ['deployer', 'dba']) await teleport.createRole(name, {});
    await teleport.createRole('root', { allow: { rules: [rules('*', '*')] } });
    await teleport.createRole('ask', {
      allow: { request: { roles: ['deployer'], annotations: { team: ['web'] }, suggested_reviewers: ['ray'] } },
    });
    await teleport.createRole('ask-why', { allow: { request: { roles: ['dba'], reason: { mode: 'required' } } } });
    await teleport.createRole('router', {
      allow: {
        rules: [
          rules('access_request', 'list', 'read', 'update'),
          rules('access_plugin_data', 'list', 'read', 'update'),
        ],
      },
    });
    await writeEnterpriseRoles(teleport, [{ name: 'review', allow: { review_requests: { roles: ['deployer'] } } }]);
    await user('root-user', ['root']);
    await user('kim', ['ask', 'ask-why']);
    await user('lou', ['ask']);
    await user('ray', ['review']);
    const own = await bot('router', ['router']);
    clients.set('bot', own);
    clients.set(
      'router',
      await issued(own, { Username: 'bot-router', UseRoleRequests: true, RoleRequests: ['router'] }),
    );
  });

  afterAll(async () => {
    await Promise.all([...clients.values()].map((each) => each.close({ graceMs: 0 })));
    await teleport?.stop();
  });

  const ask = async (roles = ['deployer']): Promise<string> =>
    (await requests.createAccessRequest(client('kim'), { user: 'kim', roles })).name;

  test('a bot watches, claims and approves', async () => {
    const router = client('router');
    await using changes = await watch(router, ['access_request']);
    const asked = requests.createAccessRequest(client('kim'), { user: 'kim', roles: ['deployer'], reason: 'release' });
    const states: string[] = [];
    for await (const change of changes) {
      if (change.type !== 'put' || change.resource.$case !== 'AccessRequest') continue;
      const request = accessRequestView(change.resource.value);
      states.push(request.state);
      if (request.state !== 'pending') break;
      expect(request).toMatchObject({ user: 'kim', systemAnnotations: { team: ['web'] }, reason: 'release' });
      const key = { resource: request.name, plugin: 'router' };
      const claims = await Promise.all(
        ['r1', 'r2', 'r3'].map((owner) =>
          swapPluginData(router, key, (entry) => (entry.owner ? undefined : { ...entry, owner })),
        ),
      );
      expect(claims.filter(({ isWritten }) => isWritten)).toHaveLength(1);
      const annotations = { route: ['r'] };
      await requests.setAccessRequestState(router, request.name, { state: 'approved', reason: 'ok', annotations });
    }
    expect(states).toEqual(['pending', 'approved']);
    const { name } = await asked;
    expect(await requests.getAccessRequest(client('kim'), name)).toMatchObject({
      state: 'approved',
      resolveReason: 'ok',
      resolveAnnotations: { route: ['r'] },
      suggestedReviewers: ['ray'],
    });
  });

  test('who may do what', async () => {
    const [kim, lou, router] = ['kim', 'lou', 'router'].map(client) as [Client, Client, Client];
    const id = await ask();
    const denied = { code: 'access_denied' };
    await expect(requests.getAccessRequest(lou, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(requests.createAccessRequest(lou, { user: 'kim', roles: ['deployer'] })).rejects.toMatchObject(denied);
    await expect(requests.setAccessRequestState(kim, id, { state: 'approved' })).rejects.toMatchObject(denied);
    await expect(requests.deleteAccessRequest(router, id)).rejects.toMatchObject(denied);
    await expect(requests.createAccessRequest(kim, { user: 'kim', roles: ['root'] })).rejects.toMatchObject({
      code: 'bad_parameter',
      message: 'user "kim" can not request role "root"',
    });
    await expect(requests.createAccessRequest(kim, { user: 'kim', roles: ['dba'] })).rejects.toThrow('reason must');
    await expect(watch(kim, ['access_request'])).rejects.toMatchObject(denied);
    await using own = await watch(kim, [{ kind: 'access_request', filter: { user: 'kim' } }]);
    expect(own).toBeDefined();
    await requests.setAccessRequestState(router, id, { state: 'denied', reason: 'no' });
    await expect(requests.setAccessRequestState(router, id, { state: 'approved' })).rejects.toMatchObject({
      code: 'bad_parameter',
    });
    await requests.deleteAccessRequest(client('root-user'), id);
    await expect(requests.getAccessRequest(kim, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(requests.deleteAccessRequest(client('root-user'), id)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('reviews, trials and capabilities', async () => {
    const [kim, ray, router] = ['kim', 'ray', 'router'].map(client) as [Client, Client, Client];
    const id = await ask();
    await soon(async () =>
      (await collected(requests.listAccessRequests(ray, { scope: 'needs-review' }))).map(({ name }) => name),
    ).toContain(id);
    await expect(requests.reviewAccessRequest(router, id, { state: 'approved' })).rejects.toMatchObject({
      code: 'access_denied',
      message: 'user "bot-router" cannot submit reviews',
    });
    expect(await requests.reviewAccessRequest(ray, id, { state: 'approved', reason: 'fine' })).toMatchObject({
      state: 'approved',
      resolveReason: 'fine',
      reviews: [{ author: 'ray', state: 'approved', thresholds: [0] }],
      promotedTo: undefined,
    });
    await expect(requests.reviewAccessRequest(ray, id, { state: 'approved' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    const tried = await requests.tryAccessRequest(kim, { user: 'kim', roles: ['dba'] });
    expect(tried).toMatchObject({ isReasonRequired: true, request: { roles: ['dba'], state: 'pending' } });
    await expect(requests.getAccessRequest(kim, tried.request.name)).rejects.toMatchObject({ code: 'not_found' });
    expect(await requests.getAccessCapabilities(kim)).toEqual({
      requestableRoles: ['dba', 'deployer'],
      suggestedReviewers: ['ray'],
      applicableRolesForResources: [],
      isReasonRequired: true,
      reasonPrompt: '',
      requestsAtLogin: false,
    });
    const resources = [{ cluster: teleport.name, kind: 'app', name: 'grafana' }];
    await expect(requests.createAccessRequest(kim, { user: 'kim', resources, reason: 'r' })).rejects.toMatchObject({
      code: 'access_denied',
    });
  });

  test('lists are filtered, in an order, in pages, and leave out what has expired', async () => {
    const lou = client('lou');
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) {
      const { name } = await requests.createAccessRequest(lou, {
        user: 'lou',
        roles: ['deployer'],
        reason: `${index}`,
      });
      ids.push(name);
    }
    const expires = new Date(Date.now() + 4_000);
    const short = await requests.createAccessRequest(lou, { user: 'lou', roles: ['deployer'], expires });
    expect(short.expires).toEqual(expires);
    await requests.setAccessRequestState(client('router'), ids[1]!, { state: 'approved' });
    const of = async (query: requests.AccessRequestQuery): Promise<string[]> =>
      (await collected(requests.listAccessRequests(lou, query))).map(({ name }) => name);
    await soon(() => of({ state: 'approved' })).toEqual([ids[1]]);
    await soon(() => of({ pageSize: 1 })).toEqual(ids);
    expect(await of({ sort: 'state', pageSize: 1 })).toEqual([ids[1], ids[0], ids[2]]);
    expect(await of({ sort: 'created', descending: true, pageSize: 2 })).toEqual(ids.toReversed());
    expect(await of({ searchKeywords: ['nobody'] })).toEqual([]);
    // It is still there for who knows its id: it is removed some minutes later.
    expect(await requests.getAccessRequest(lou, short.name)).toMatchObject({ state: 'pending' });
  });

  test('plugin data', async () => {
    const router = client('router');
    const key = { resource: await ask(), plugin: 'pager' };
    expect(await getPluginData(router, key)).toEqual({});
    await updatePluginData(router, key, { set: { a: '1', b: '2' }, expect: { a: '' } });
    await expect(updatePluginData(router, key, { set: { a: '2' }, expect: { a: '' } })).rejects.toMatchObject({
      code: 'compare_failed',
    });
    expect(await swapPluginData(router, key, ({ b, ...rest }) => ({ ...rest, c: `${b}3` }))).toEqual({
      entry: { a: '1', c: '23' },
      isWritten: true,
    });
    expect(await getPluginData(router, key)).toEqual({ a: '1', c: '23' });
    const count = (): Promise<unknown> =>
      swapPluginData(router, key, ({ n = '0', ...rest }) => ({ ...rest, n: `${Number(n) + 1}` }), { attempts: 50 });
    await Promise.all(Array.from({ length: 6 }, count));
    expect((await getPluginData(router, key)).n).toBe('6');
    const [data] = await listPluginData(router, { resource: key.resource });
    const request = await requests.getAccessRequest(router, key.resource);
    expect(data?.expires?.getTime()).toBe((request.accessExpires?.getTime() ?? 0) + HOUR_MS);
    await expect(getPluginData(client('kim'), key)).rejects.toMatchObject({ code: 'access_denied' });
    const nobody = { resource: '00000000-0000-4000-8000-000000000000', plugin: 'pager' };
    await expect(updatePluginData(router, nobody, { set: { a: '1' } })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('what is granted can be assumed', async () => {
    const admin = client('root-user');
    // Whom somebody else has signed a certificate for may assume nothing; a bot has its own.
    const asker = await bot('asker', ['router'], async () => {
      const before = await getUser(admin, 'bot-asker');
      await updateUser(admin, newUser({ ...before, roles: [...before.roles, 'ask'] }));
      await soon(async () => (await getUser(admin, 'bot-asker')).roles).toContain('ask');
    });
    clients.set('asker', asker);
    const fields = { user: 'bot-asker', roles: ['deployer'], accessExpires: new Date(Date.now() + HOUR_MS / 2) };
    const { name } = await requests.createAccessRequest(asker, fields);
    const certs = { Username: 'bot-asker', AccessRequests: [name] };
    await expect(issued(asker, certs)).rejects.toMatchObject({ code: 'access_denied' });
    await requests.setAccessRequestState(client('router'), name, { state: 'approved' });
    const assumed = await issued(asker, certs);
    clients.set('assumed', assumed);
    const roles: string[] = [];
    for await (const role of assumed.service(AuthServiceDefinition).getCurrentUserRoles({})) {
      roles.push(role.Metadata?.Name ?? '');
    }
    expect(roles).toContain('deployer');
    await expect(requests.setAccessRequestState(assumed, name, { state: 'denied' })).rejects.toMatchObject({
      code: 'access_denied',
    });
  });

  test('sessions of applications', async () => {
    const [kim, admin] = [client('kim'), client('root-user')];
    const app = { publicAddress: 'grafana.localhost', cluster: teleport.name, name: 'grafana' };
    const made = await sessions.createAppSession(kim, { user: 'kim', ...app });
    expect(made).toMatchObject({ user: 'kim', subKind: 'app_session' });
    expect(made.raw.Spec?.TLSPriv).toHaveLength(0);
    await soon(async () => (await sessions.getAppSession(kim, made.name)).user).toBe('kim');
    const { raw } = await sessions.getAppSession(admin, made.name);
    expect(parseTlsIdentity(raw.Spec?.TLSCert.toString() ?? '')).toMatchObject({
      user: 'kim',
      usage: ['usage:apps'],
      app: { sessionId: made.name, publicAddr: app.publicAddress },
    });
    await expect(collected(sessions.listAppSessions(kim, { user: 'kim' }))).rejects.toMatchObject({
      code: 'access_denied',
    });
    await soon(async () => (await collected(sessions.listAppSessions(admin, { user: 'kim' }))).length).toBe(1);
    await expect(sessions.createAppSession(kim, { user: 'ray', ...app })).rejects.toMatchObject({
      code: 'access_denied',
    });
    await sessions.deleteAppSession(kim, made.name);
    await sessions.createAppSession(kim, { user: 'kim', ...app });
    await soon(async () => (await collected(sessions.listAppSessions(admin, { pageSize: 1 }))).length).toBe(1);
    await sessions.deleteUserAppSessions(kim, 'kim');
    await soon(async () => (await collected(sessions.listAppSessions(admin))).length).toBe(0);
  });
});
