import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { MessageCodec } from '@teleport-ts/api-types';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { newApplication } from '@teleport-ts/api-types/resources/application';
import { newAuthPreference } from '@teleport-ts/api-types/resources/auth-preference';
import { newBot } from '@teleport-ts/api-types/resources/bot';
import { newDatabase } from '@teleport-ts/api-types/resources/database';
import { newKubernetesCluster } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { newLock } from '@teleport-ts/api-types/resources/lock';
import { newNode } from '@teleport-ts/api-types/resources/node';
import { newRole } from '@teleport-ts/api-types/resources/role';
import { newToken } from '@teleport-ts/api-types/resources/token';
import { newUser } from '@teleport-ts/api-types/resources/user';
import { teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collected } from '../../test-support/area-cluster.ts';
import { type RealAreaCluster, startRealAreaCluster } from '../../test-support/real-area-cluster.ts';
import type { Client } from '../client.ts';
import { joinOverWeb } from '../web/index.ts';
import * as applications from './applications.ts';
import * as audit from './audit-events.ts';
import * as authorities from './authorities.ts';
import * as bots from './bots.ts';
import * as cluster from './cluster.ts';
import * as databases from './databases.ts';
import * as kubernetes from './kubernetes-clusters.ts';
import * as locks from './locks.ts';
import * as nodes from './nodes.ts';
import * as roles from './roles.ts';
import * as tokens from './tokens.ts';
import * as users from './users.ts';

describe.skipIf(!teleportBinDir())('the areas on a real Teleport 18', () => {
  let it: RealAreaCluster;
  let client: Client;
  beforeAll(async () => {
    it = await startRealAreaCluster();
    client = it.client;
  });
  afterAll(() => it?.[Symbol.asyncDispose]());

  /** A message as its reader has it, whoever made it. */
  const onTheWire = <M>(codec: MessageCodec<M>, message: M): M => codec.decode(codec.encode(message).finish());
  /** Reads lag behind writes by about a second. */
  const soon = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 15_000, interval: 200 });
  const code = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'ok',
      (error: { code: string }) => error.code,
    );
  const names = async (items: AsyncIterable<{ readonly name: string }>): Promise<string[]> =>
    (await collected(items)).map(({ name }) => name);

  test('roles', async () => {
    const fields = {
      name: 'deployer',
      labels: { team: 'a' },
      options: { maxSessionTtlMs: 3_600_000 },
      allow: {
        appLabels: { env: ['dev', 'test'] },
        logins: ['deploy'],
        rules: [{ resources: ['role'], verbs: ['read'] }],
      },
      deny: { nodeLabels: { secret: '*' } },
    };
    const made = await roles.createRole(client, newRole(fields));
    expect(made).toMatchObject({ version: 'v8', allow: { appLabels: { env: ['dev', 'test'] }, logins: ['deploy'] } });
    // What is filled in here is what the cluster fills in.
    expect(onTheWire(RoleV6, made.raw)).toEqual(onTheWire(RoleV6, newRole({ ...fields, revision: made.revision })));
    expect(await code(roles.createRole(client, made.raw))).toBe('already_exists');
    await soon(async () => (await roles.getRole(client, 'deployer')).revision).toBe(made.revision);
    const read = await roles.getRole(client, 'deployer');
    expect(newRole({ ...read })).toEqual(read.raw);
    const changed = await roles.updateRole(client, newRole({ ...read, description: 'who deploys' }));
    expect(changed).toMatchObject({ description: 'who deploys', allow: read.allow, options: read.options });
    expect(await code(roles.updateRole(client, read.raw))).toBe('compare_failed');
    for (const name of ['r-1', 'r-2', 'r-3']) await roles.upsertRole(client, newRole({ name }));
    await soon(() => names(roles.listRoles(client, { pageSize: 2, searchKeywords: ['r-'] }))).toEqual([
      'r-1',
      'r-2',
      'r-3',
    ]);
    await soon(() => names(roles.listRoles(client, { searchKeywords: ['team', 'a'] }))).toEqual(['deployer']);
    expect(await names(roles.listRoles(client, { skipSystemRoles: true, searchKeywords: ['terraform'] }))).toHaveLength(
      1,
    );
    expect(await names(roles.getCurrentUserRoles(client))).toContain('root');
    await roles.deleteRole(client, 'deployer');
    await soon(() => code(roles.getRole(client, 'deployer'))).toBe('not_found');
    expect(await code(roles.deleteRole(client, 'deployer'))).toBe('not_found');
  });

  test('users, in pages that lose nobody', async () => {
    const made = await users.createUser(
      client,
      newUser({ name: 'carol', roles: ['guest'], traits: { logins: ['carol'] } }),
    );
    expect(made).toMatchObject({ roles: ['guest'], traits: { logins: ['carol'] }, createdBy: { user: 'alice' } });
    expect(await code(users.createUser(client, made.raw))).toBe('already_exists');
    expect(await code(users.createUser(client, newUser({ name: 'dave', roles: ['nosuch'] })))).toBe('not_found');
    await soon(async () => (await users.getUser(client, 'carol')).revision).toBe(made.revision);
    const changed = await users.updateUser(client, newUser({ ...made, traits: { logins: ['c'] } }));
    expect(changed.traits).toMatchObject({ logins: ['c'] });
    expect(await code(users.updateUser(client, made.raw))).toBe('compare_failed');
    for (const name of ['alice-2', 'alice0', 'ali'])
      await users.upsertUser(client, newUser({ name, roles: ['guest'] }));
    const all = ['ali', 'alice', 'alice-2', 'alice0', 'carol'];
    await soon(async () => (await names(users.listUsers(client))).filter((name) => name !== 'bot-ci')).toEqual(all);
    for (const pageSize of [1, 2, 3, 4]) {
      const listed = await names(users.listUsers(client, { pageSize }));
      expect(listed.filter((name) => name !== 'bot-ci')).toEqual(all);
    }
    expect(await names(users.listUsers(client, { searchKeywords: ['carol'] }))).toEqual(['carol']);
    expect(await users.getCurrentUser(client)).toMatchObject({ name: 'alice', roles: ['root'] });
    for (const name of ['alice-2', 'alice0', 'ali', 'carol']) await users.deleteUser(client, name);
    await soon(() => code(users.getUser(client, 'carol'))).toBe('not_found');
  });

  test('tokens', async () => {
    const expires = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
    const token = newToken({ name: 'a-token-of-the-test', roles: ['Node'], expires });
    await tokens.createToken(client, token);
    expect(await code(tokens.createToken(client, token))).toBe('already_exists');
    await soon(async () => (await tokens.getToken(client, 'a-token-of-the-test')).expires).toEqual(expires);
    const read = await tokens.getToken(client, 'a-token-of-the-test');
    expect(newToken({ ...read })).toEqual(read.raw);
    await tokens.upsertToken(client, newToken({ ...read, roles: ['Node', 'App'] }));
    await soon(async () => {
      const found = (await tokens.getTokens(client)).find(({ name }) => name === 'a-token-of-the-test');
      return found?.roles;
    }).toEqual(['Node', 'App']);
    await tokens.deleteToken(client, 'a-token-of-the-test');
    await soon(() => code(tokens.getToken(client, 'a-token-of-the-test'))).toBe('not_found');
  });

  test('locks', async () => {
    const lock = newLock({ target: { user: 'nobody' }, message: 'because' });
    const name = lock.Metadata?.Name ?? '';
    await locks.upsertLock(client, lock);
    await soon(() => code(locks.getLock(client, name))).toBe('ok');
    expect(await locks.getLock(client, name)).toMatchObject({
      target: { user: 'nobody' },
      message: 'because',
      createdBy: 'alice',
    });
    const query = { targets: [{ user: 'nobody' }], inForceOnly: true };
    await soon(async () => (await locks.getLocks(client, query)).length).toBe(1);
    expect(await locks.getLocks(client, { targets: [{ user: 'other' }] })).toEqual([]);
    await locks.deleteLock(client, name);
    await soon(() => locks.getLocks(client)).toEqual([]);
  });

  test('bots and their instances', async () => {
    const made = await bots.createBot(client, newBot({ name: 'ci', roles: ['guest'], traits: { team: 'a' } }));
    expect(made).toMatchObject({
      roles: ['guest'],
      traits: { team: ['a'] },
      maxSessionTtlMs: 43_200_000,
      userName: 'bot-ci',
    });
    expect(await code(bots.createBot(client, newBot({ name: 'ci' })))).toBe('already_exists');
    await soon(() => code(bots.getBot(client, 'ci'))).toBe('ok');
    const changed = await bots.updateBot(client, { name: 'ci', roles: ['guest', 'root'], maxSessionTtlMs: 3_600_000 });
    expect(changed).toMatchObject({ roles: ['guest', 'root'], traits: { team: ['a'] }, maxSessionTtlMs: 3_600_000 });
    await bots.upsertBot(client, newBot({ name: 'b2', roles: ['guest'] }));
    await bots.upsertBot(client, newBot({ name: 'b3', roles: ['guest'] }));
    for (const pageSize of [1, 2, 3, 1000]) {
      await soon(() => names(bots.listBots(client, { pageSize }))).toEqual(['b2', 'b3', 'ci']);
    }
    const token = await it.teleport.createBotToken('ci', randomUUID());
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    const request = { Role: 'Bot', Token: token, NodeName: 'n', PublicTLSKey: Buffer.from(key.toString()) };
    await joinOverWeb(it.teleport.proxyAddress, request, { webCa: [it.teleport.webCaPem] });
    await soon(async () => (await collected(bots.listBotInstances(client, { botName: 'ci' }))).length).toBe(1);
    const [instance] = (await bots.listBotInstancesPage(client, { botName: 'ci' })).items;
    expect(instance?.initialAuthentication).toMatchObject({ joinMethod: 'token', generation: 1 });
    const id = { botName: 'ci', instanceId: instance?.instanceId ?? '' };
    expect((await bots.getBotInstance(client, id)).instanceId).toBe(id.instanceId);
    await bots.deleteBotInstance(client, id);
    await soon(() => code(bots.getBotInstance(client, id))).toBe('not_found');
    for (const name of ['ci', 'b2', 'b3']) await bots.deleteBot(client, name);
    await soon(() => code(bots.getBot(client, 'ci'))).toBe('not_found');
  });

  test('authorities', async () => {
    const clusterName = it.teleport.name;
    const host = await authorities.getCertAuthority(client, { type: 'host', clusterName });
    expect(host).toMatchObject({ name: clusterName, type: 'host', rotation: undefined });
    expect(await authorities.getHostCaCerts(client, clusterName)).toEqual(host.tlsCertificates);
    expect((await authorities.getClusterCaCert(client)).map((pem) => pem.trim())).toEqual(
      host.tlsCertificates.map((pem) => pem.trim()),
    );
    expect((await authorities.getCertAuthorities(client, 'host')).map(({ clusterName: name }) => name)).toEqual([
      clusterName,
    ]);
    expect(await code(authorities.getHostCaCerts(client, 'nosuch.test'))).toBe('not_found');
    await authorities.rotateCertAuthority(client, { type: 'okta', gracePeriodMs: 3_600_000 });
    const okta = { type: 'okta', clusterName } as const;
    await soon(async () => (await authorities.getCertAuthority(client, okta)).rotation?.phase).toBe('init');
    expect((await authorities.getCertAuthority(client, okta)).jwtPublicKeys).toHaveLength(2);
    await authorities.rotateCertAuthority(client, { type: 'okta', targetPhase: 'rollback' });
    await authorities.rotateCertAuthority(client, { type: 'okta', targetPhase: 'standby' });
    // Somebody else's authority, that is trusted and forgotten again.
    const { Metadata, Spec } = host.raw as Required<typeof host.raw> & { Metadata: object; Spec: object };
    const other = { type: 'host', clusterName: 'other.test' } as const;
    const named = { ...Metadata, Name: 'other.test', Revision: '' };
    const foreign = { ...host.raw, Metadata: named, Spec: { ...Spec, ClusterName: 'other.test' } } as typeof host.raw;
    expect(await authorities.upsertCertAuthority(client, foreign)).toMatchObject({ clusterName: 'other.test' });
    await soon(() => code(authorities.getHostCaCerts(client, 'other.test'))).toBe('ok');
    await authorities.deleteCertAuthority(client, other);
    await soon(() => code(authorities.getHostCaCerts(client, 'other.test'))).toBe('not_found');
  });

  test('the configuration of the cluster', async () => {
    expect(await cluster.getClusterName(client)).toMatchObject({ clusterName: it.teleport.name });
    const read = await cluster.getAuthPreference(client);
    expect(read).toMatchObject({ type: 'local', secondFactors: ['otp'], allowLocalAuth: true });
    const wanted = newAuthPreference({ ...read, messageOfTheDay: 'mind the step' });
    const changed = await cluster.updateAuthPreference(client, wanted);
    expect(changed).toMatchObject({ messageOfTheDay: 'mind the step', secondFactors: ['otp'] });
    expect(await code(cluster.updateAuthPreference(client, wanted))).toBe('compare_failed');
    const again = await cluster.upsertAuthPreference(client, newAuthPreference({ ...changed, lockingMode: 'strict' }));
    expect(again).toMatchObject({ lockingMode: 'strict', messageOfTheDay: 'mind the step' });
    // What stands in a file cannot be reset; the cluster looks at what it had a second ago.
    await soon(() => code(cluster.resetAuthPreference(client))).toBe('ok');
    await soon(async () => (await cluster.getAuthPreference(client)).messageOfTheDay).toBe('');
  });

  test('nodes, by pages, labels, words, predicates and order', async () => {
    for (const index of [1, 2, 3, 4, 5]) {
      const labels = { env: index % 2 ? 'dev' : 'prod' };
      const fields = { subKind: 'openssh', hostname: `web-${index}`, address: `10.0.0.${index}:22`, labels };
      await nodes.upsertNode(client, newNode({ name: `id-${index}`, ...fields }));
    }
    const hostnames = async (query?: nodes.NodeQuery): Promise<string[]> =>
      (await collected(nodes.listNodes(client, query))).map(({ hostname }) => hostname).sort();
    const made = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5'];
    await soon(() => hostnames({ pageSize: 2 })).toEqual(['real', ...made]);
    expect(await hostnames({ labels: { env: 'demo' } })).toEqual(['real']);
    expect(await hostnames({ searchKeywords: ['web', 'prod'] })).toEqual(['web-2', 'web-4']);
    expect(await hostnames({ predicate: 'labels["env"] == "dev" && name != "web-3"' })).toEqual(['web-1', 'web-5']);
    const sort = { field: 'hostname', descending: true };
    const sorted = await collected(nodes.listNodes(client, { sort, labels: { env: 'dev' }, pageSize: 2 }));
    expect(sorted.map(({ hostname }) => hostname)).toEqual(['web-5', 'web-3', 'web-1']);
    const withLogins = await nodes.listNodesPage(client, { searchKeywords: ['web-1'], includeLogins: true });
    expect(withLogins.items).toMatchObject([{ name: 'id-1', logins: ['root'], requiresRequest: false }]);
    expect(await code(hostnames({ predicate: 'foo == "x"' }))).toBe('bad_parameter');
    expect(await code(hostnames({ predicate: 'name ==' }))).toBe('unknown');
    expect(await code(hostnames({ sort: { field: 'colour' } }))).toBe('not_implemented');
    expect(await nodes.getNode(client, 'id-1')).toMatchObject({
      hostname: 'web-1',
      address: '10.0.0.1:22',
      subKind: 'openssh',
    });
    await nodes.deleteNode(client, 'id-1');
    await soon(() => code(nodes.getNode(client, 'id-1'))).toBe('not_found');
    await nodes.deleteAllNodes(client);
    await soon(() => hostnames({ searchKeywords: ['web'] })).toEqual([]);
  });

  test('applications', async () => {
    const [foo] = await collected(applications.listApplications(client));
    expect(foo).toMatchObject({ name: 'foo', uri: 'http://127.0.0.1:9', allLabels: { env: 'demo' } });
    const [server] = await collected(applications.listApplicationServers(client, { predicate: 'name == "foo"' }));
    expect(server).toMatchObject({ name: 'foo', hostname: 'real', application: { name: 'foo' } });
    expect(await names(applications.listApplications(client, { labels: { env: 'prod' } }))).toEqual([]);
    expect(await names(applications.listApplications(client, { searchKeywords: ['demo'] }))).toEqual(['foo']);
    expect(await names(applications.listApplications(client, { predicate: 'nosuch == "x"' }))).toEqual([]);
    expect(await code(names(applications.listApplications(client, { predicate: 'name ==' })))).toBe('unknown');
    const strict = applications.listApplicationServers(client, { predicate: 'nosuch == "x"' });
    expect(await code(names(strict))).toBe('bad_parameter');
    const made = newApplication({ name: 'grafana', uri: 'http://127.0.0.1:3000', labels: { env: 'x' } });
    await applications.createApplication(client, made);
    await soon(() => code(applications.getApplication(client, 'grafana'))).toBe('ok');
    const read = await applications.getApplication(client, 'grafana');
    expect(read.raw.Spec).toEqual(made.Spec);
    expect(await code(applications.createApplication(client, made))).toBe('already_exists');
    await applications.updateApplication(client, newApplication({ ...read, uri: 'http://127.0.0.1:3001' }));
    await soon(async () => (await applications.getApplications(client))[0]?.uri).toBe('http://127.0.0.1:3001');
    await applications.deleteApplication(client, 'grafana');
    await soon(() => code(applications.getApplication(client, 'grafana'))).toBe('not_found');
    await applications.createApplication(client, made);
    await soon(async () => (await applications.getApplications(client)).length).toBe(1);
    await applications.deleteAllApplications(client);
    await soon(() => applications.getApplications(client)).toEqual([]);
  });

  test('databases', async () => {
    expect(await collected(databases.listDatabases(client))).toMatchObject([{ name: 'pg', protocol: 'postgres' }]);
    expect(await collected(databases.listDatabaseServers(client, { labels: { env: 'demo' } }))).toMatchObject([
      { hostname: 'real', database: { name: 'pg' } },
    ]);
    const made = newDatabase({ name: 'orders', protocol: 'postgres', uri: 'db1:5432', tls: { mode: 'verify_ca' } });
    await databases.createDatabase(client, made);
    await soon(() => code(databases.getDatabase(client, 'orders'))).toBe('ok');
    const read = await databases.getDatabase(client, 'orders');
    expect(read.raw.Spec).toEqual(made.Spec);
    await databases.updateDatabase(client, newDatabase({ ...read, uri: 'db2:5432' }));
    await soon(async () => (await databases.getDatabases(client))[0]?.uri).toBe('db2:5432');
    await databases.deleteDatabase(client, 'orders');
    await soon(() => code(databases.getDatabase(client, 'orders'))).toBe('not_found');
    await databases.deleteAllDatabases(client);
  });

  test('Kubernetes clusters', async () => {
    expect(await names(kubernetes.listKubernetesClusters(client))).toEqual(['kube']);
    expect(await collected(kubernetes.listKubernetesServers(client))).toMatchObject([{ cluster: { name: 'kube' } }]);
    const made = newKubernetesCluster({ name: 'prod', kubeconfig: 'kind: Config' });
    await kubernetes.createKubernetesCluster(client, made);
    await soon(() => code(kubernetes.getKubernetesCluster(client, 'prod'))).toBe('ok');
    const read = await kubernetes.getKubernetesCluster(client, 'prod');
    expect(read.raw.Spec).toEqual(made.Spec);
    await kubernetes.updateKubernetesCluster(client, newKubernetesCluster({ ...read, labels: { env: 'prod' } }));
    await soon(async () => (await kubernetes.getKubernetesClusters(client))[0]?.labels.env).toBe('prod');
    await kubernetes.deleteKubernetesCluster(client, 'prod');
    await soon(() => code(kubernetes.getKubernetesCluster(client, 'prod'))).toBe('not_found');
    await kubernetes.deleteAllKubernetesClusters(client);
  });

  test('services that are forgotten come back with their next heartbeat', async () => {
    const [application] = await collected(applications.listApplicationServers(client));
    const [database] = await collected(databases.listDatabaseServers(client));
    const [server] = await collected(kubernetes.listKubernetesServers(client));
    await applications.deleteApplicationServer(client, { hostId: application?.hostId ?? '', name: 'foo' });
    await databases.deleteDatabaseServer(client, { hostId: database?.hostId ?? '', name: 'pg' });
    await kubernetes.deleteKubernetesServer(client, { hostId: server?.hostId ?? '', name: 'kube' });
    await soon(() => collected(applications.listApplications(client))).toEqual([]);
    await soon(() => collected(databases.listDatabaseServers(client))).toEqual([]);
    await soon(() => collected(kubernetes.listKubernetesClusters(client))).toEqual([]);
  });

  test('audit events are searched, and exported behind a cursor', async () => {
    const from = new Date(Date.now() - 3_600_000);
    const to = new Date(Date.now() + 60_000);
    const query = { from, to, types: ['role.created'] };
    const made = await collected(audit.searchAuditEvents(client, { ...query, pageSize: 2 }));
    expect(made.length).toBeGreaterThan(3);
    expect(made[0]).toMatchObject({ type: 'role.created', code: 'T9000I', clusterName: it.teleport.name });
    const times = made.map(({ time }) => time?.getTime() ?? 0);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const [newest] = (await audit.searchAuditEventsPage(client, { ...query, order: 'newest-first', pageSize: 1 }))
      .items;
    expect(newest?.id).toBe(made.at(-1)?.id);
    const json = await collected(audit.searchUnstructuredEvents(client, { ...query, pageSize: 3 }));
    expect(json.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    expect(json[0]?.fields).toMatchObject({ event: 'role.created', code: 'T9000I' });

    const all = await collected(audit.exportAuditEvents(client, { from }));
    expect(all.length).toBeGreaterThan(made.length);
    expect(new Set(all.map(({ event }) => event.id)).size).toBe(all.length);
    for (const index of [0, 7, all.length - 2]) {
      const rest = await collected(audit.exportAuditEvents(client, { cursor: all[index]?.cursor ?? '' }));
      const ids = rest.map(({ event }) => event.id);
      expect(ids.slice(0, all.length - 1 - index)).toEqual(all.slice(index + 1).map(({ event }) => event.id));
    }
    const { cursor } = all.at(-1)!;
    await roles.upsertRole(client, newRole({ name: 'later' }));
    await soon(async () => {
      const later = await collected(audit.exportAuditEvents(client, { cursor }));
      return later.map(({ event }) => event.fields.name);
    }).toContain('later');
  });
});
