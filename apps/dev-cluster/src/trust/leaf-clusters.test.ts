import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { encodeClusterName, parseTlsIdentity, TELEPORT_CLUSTER_DOMAIN } from '@teleport-ts/api-types';
import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import type { DevClusterOptions } from '../dev-cluster-options.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { type Issued, WireBot, wireKey } from '../testing/wire-bot.ts';
import { WireClient, type WireCredentials, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

const LEAVES = [{ name: 'leaf.test', roleMap: { deployer: ['deployer'], boss: ['boss'] } }] as const;

/** A root with a leaf; `deployer` may use the leaf's application `far`, only `boss` also `hidden`. */
async function rootAndLeaf(options: DevClusterOptions = {}): Promise<{ root: DevCluster; leaf: DevCluster }> {
  const root = await DevCluster.start({ name: 'root.test', leaves: LEAVES, ...options });
  const leaf = root.leaf('leaf.test');
  const everything = {
    appLabels: { '*': '*' },
    rules: [{ resources: ['*'], verbs: ['*'] }],
    impersonate: { users: ['*'], roles: ['*'] },
  };
  root.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
  root.upsertRole({ name: 'unmapped', allow: { appLabels: { '*': '*' } } });
  leaf.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } } });
  for (const cluster of [root, leaf]) cluster.upsertRole({ name: 'boss', allow: everything });
  root.upsertUser({ name: 'alice', roles: ['deployer', 'unmapped', 'boss'] });
  root.upsertUser({ name: 'bob', roles: ['unmapped'] });
  root.upsertUser({ name: 'carol', roles: ['deployer'], traits: { team: ['dev'], logins: ['carol'] } });
  await root.addApplication({ name: 'foo' });
  await leaf.addApplication({ name: 'far', labels: { team: 'dev' } });
  await leaf.addApplication({ name: 'hidden', labels: { team: 'ops' } });
  await root.upsertBot({ name: 'ci', roles: ['deployer', 'unmapped'] });
  return { root, leaf };
}

const authOf = (cluster: DevCluster, identity?: WireCredentials, serverName?: string): WireClient =>
  new WireClient({
    address: cluster.authAddress,
    ca: cluster.hostCaPems.join(''),
    ...(identity && { identity }),
    ...(serverName !== undefined && { serverName }),
  });

describe('a root and its leaf', () => {
  let root: DevCluster;
  let leaf: DevCluster;
  const open: WireClient[] = [];

  beforeAll(async () => {
    ({ root, leaf } = await rootAndLeaf());
  });
  afterAll(async () => {
    for (const client of open) client.close();
    await root.stop();
  });

  async function as(user: string, cluster: DevCluster, serverName?: string): Promise<WireClient> {
    const client = authOf(cluster, await root.issueUserCredentials({ user }), serverName);
    open.push(client);
    return client;
  }

  const ping = (client: WireClient) => client.call(AuthServiceDefinition, 'ping', {});

  describe('trust', () => {
    it('gives the root the host authority of the leaf, and the leaf what it needs of the root', async () => {
      const known = async (cluster: DevCluster, type: string): Promise<unknown[]> => {
        const client = await as('alice', cluster);
        const answer = await client.call(TrustServiceDefinition, 'getCertAuthorities', { type });
        return answer.certAuthoritiesV2.map(({ Spec }) => [
          Spec?.Type,
          Spec?.ClusterName,
          Spec?.RoleMap.map(({ Remote, Local }) => [Remote, ...Local].join('>')).join() || undefined,
        ]);
      };
      const roleMap = 'deployer>deployer,boss>boss';
      expect(await known(root, 'host')).toEqual([
        ['host', 'leaf.test', undefined],
        ['host', 'root.test', undefined],
      ]);
      expect(await known(root, 'user')).toEqual([['user', 'root.test', undefined]]);
      expect(await known(leaf, 'user')).toEqual([
        ['user', 'leaf.test', undefined],
        ['user', 'root.test', roleMap],
      ]);
      expect(await known(leaf, 'db')).toEqual([
        ['db', 'leaf.test', undefined],
        ['db', 'root.test', undefined],
        ['db_client', 'leaf.test', undefined],
      ]);
      const foreign = (await known(leaf, '')).filter((each) => (each as string[])[1] === 'root.test');
      expect(foreign.map((each) => (each as string[])[0])).toEqual(['db', 'host', 'openssh', 'user']);
    });

    it('hands out no private key of another cluster, and answers for one authority by name', async () => {
      const [atRoot, atLeaf] = [await as('alice', root), await as('alice', leaf)];
      const get = (client: WireClient, type: string, domain: string) =>
        client.call(TrustServiceDefinition, 'getCertAuthority', { type, domain, includeKey: true });
      const { Metadata, Spec } = await get(atLeaf, 'user', 'root.test');
      expect(Metadata?.Name).toBe('root.test');
      expect(Spec?.ActiveKeys?.TLS[0]?.Cert.toString()).toContain('BEGIN CERTIFICATE');
      expect([Spec?.ActiveKeys?.TLS[0]?.Key, Spec?.ActiveKeys?.SSH[0]?.PrivateKey]).toEqual([
        Buffer.alloc(0),
        Buffer.alloc(0),
      ]);
      expect(await wireStatus(get(atRoot, 'user', 'leaf.test'))).toEqual({
        code: 5,
        details: '"cert_authority" "user/leaf.test" does not exist',
      });
    });

    it('follows the rotation of an authority', async () => {
      const client = await as('alice', leaf);
      const keys = async (): Promise<(number | undefined)[]> => {
        const { Spec } = await client.call(TrustServiceDefinition, 'getCertAuthority', {
          type: 'host',
          domain: 'root.test',
        });
        return [Spec?.ActiveKeys?.TLS.length, Spec?.AdditionalTrustedKeys?.TLS.length];
      };
      expect(await keys()).toEqual([1, 0]);
      await root.rotate('host', 'init');
      expect(await keys()).toEqual([1, 1]);
      await root.rotate('host', 'rollback');
      await root.rotate('host', 'standby');
      expect(await keys()).toEqual([1, 0]);
    });
  });

  describe('at the leaf’s auth service', () => {
    it('a user of the root has the mapped roles and a name of its own', async () => {
      const { user } = await (await as('alice', leaf)).call(UsersServiceDefinition, 'getUser', { currentUser: true });
      expect(user?.Metadata?.Name).toBe('remote-alice-root.test');
      expect(user?.Spec?.Roles).toEqual(['deployer', 'boss']);
      expect(user?.Spec?.Traits?.Values.get('logins')?.Values).toEqual(['root', '-teleport-internal-join']);
      const named = (await as('alice', leaf)).call(UsersServiceDefinition, 'getUser', {
        name: 'remote-alice-root.test',
      });
      expect(await wireStatus(named)).toMatchObject({ code: 5 });
    });

    it('who has no mapped role is denied everything', async () => {
      const bob = await as('bob', leaf);
      const denied = { code: 7, details: 'access denied' };
      expect(await wireStatus(ping(bob))).toEqual(denied);
      expect(await wireStatus(bob.call(AuthServiceDefinition, 'getDomainName', {}))).toEqual(denied);
    });

    it('sees what the mapped roles may use', async () => {
      const names = async (user: string): Promise<unknown[]> => {
        const client = await as(user, leaf);
        const request = { ResourceType: 'app_server', Namespace: 'default', Limit: 10 };
        const { Resources } = await client.call(AuthServiceDefinition, 'listResources', request);
        return Resources.map(({ resource }) => resource?.$case === 'AppServer' && resource.value.Metadata?.Name);
      };
      expect(await names('carol')).toEqual(['far']);
      expect(await names('alice')).toEqual(['far', 'hidden']);
      const other = (await as('carol', leaf)).call(AuthServiceDefinition, 'getRole', { Name: 'boss' });
      expect(await wireStatus(other)).toEqual({
        code: 7,
        details: 'access denied to perform action "read" on "role"',
      });
    });

    it('gets no certificates', async () => {
      const issue = (client: WireClient, Username: string) => {
        const { tlsPublicKey } = wireKey();
        const Expires = toTimestamp(Date.now() + 600_000);
        return wireStatus(
          client.call(AuthServiceDefinition, 'generateUserCerts', { Username, Expires, TLSPublicKey: tlsPublicKey }),
        );
      };
      const [alice, carol] = [await as('alice', leaf), await as('carol', leaf)];
      const impersonation = { code: 7, details: 'access denied: impersonation is not allowed' };
      expect(await issue(carol, 'carol')).toEqual(impersonation);
      expect(await issue(carol, 'alice')).toEqual(impersonation);
      expect(await issue(carol, 'remote-carol-root.test')).toEqual({ code: 7, details: 'access denied' });
      expect(await issue(alice, 'alice')).toEqual({ code: 7, details: 'access denied' });
    });

    it('the server name narrows to the cluster that issued the certificate', async () => {
      const [hexRoot, hexLeaf] = [encodeClusterName('root.test'), encodeClusterName('leaf.test')];
      expect(await ping(await as('alice', leaf, hexRoot))).toMatchObject({ ClusterName: 'leaf.test' });
      expect(await wireStatus(ping(await as('alice', leaf, hexLeaf)))).toMatchObject({ code: 14 });
      expect(await wireStatus(ping(await as('alice', root, hexLeaf)))).toMatchObject({ code: 14 });
      const anonymous = authOf(leaf, undefined, hexRoot);
      open.push(anonymous);
      expect(await ping(anonymous)).toMatchObject({ ClusterName: 'leaf.test' });
    });

    it('a certificate of the leaf is worth nothing at the root', async () => {
      leaf.upsertUser({ name: 'dave', roles: ['boss'] });
      const dave = authOf(root, await leaf.issueUserCredentials({ user: 'dave' }));
      open.push(dave);
      expect(await wireStatus(ping(dave))).toMatchObject({ code: 14 });
    });

    it.each([
      ['its name at the root', { user: 'carol' }],
      ['its name at the leaf', { user: 'remote-carol-root.test' }],
      ['a mapped role', { role: 'deployer' }],
    ])('a lock on %s holds', async (_what, target) => {
      const carol = await as('carol', leaf);
      expect(await ping(carol)).toMatchObject({ ClusterName: 'leaf.test' });
      const lock = leaf.lock(target);
      expect(await wireStatus(ping(carol))).toEqual({ code: 7, details: 'access denied' });
      leaf.unlock(lock);
      expect(await ping(carol)).toMatchObject({ ClusterName: 'leaf.test' });
    });
  });

  describe('the root’s list of leaves', () => {
    const presence = PresenceServiceDefinition;

    it('has the leaf, online', async () => {
      const client = await as('carol', root);
      const { remoteClusters } = await client.call(presence, 'listRemoteClusters', {});
      expect(remoteClusters).toMatchObject([
        { Kind: 'remote_cluster', Version: 'v3', Metadata: { Name: 'leaf.test' }, Status: { Connection: 'online' } },
      ]);
      expect(await client.call(presence, 'getRemoteCluster', { name: 'leaf.test' })).toEqual(remoteClusters[0]);
      const atLeaf = await (await as('carol', leaf)).call(presence, 'listRemoteClusters', {});
      expect(atLeaf.remoteClusters).toEqual([]);
    });

    it('refuses in the words of the real one', async () => {
      const [alice, carol] = [await as('alice', root), await as('carol', root)];
      const cluster = (Name: string) => ({ Kind: 'remote_cluster', Version: 'v3', Metadata: { Name } });
      expect(await wireStatus(alice.call(presence, 'getRemoteCluster', { name: 'nosuch' }))).toEqual({
        code: 5,
        details: 'not found',
      });
      expect(await wireStatus(alice.call(presence, 'getRemoteCluster', {}))).toEqual({
        code: 3,
        details: 'name: must be specified',
      });
      expect(await wireStatus(carol.call(presence, 'deleteRemoteCluster', { name: 'leaf.test' }))).toEqual({
        code: 7,
        details: 'access denied to perform action "delete" on "remote_cluster"',
      });
      const missing = { code: 5, details: 'remote cluster "nosuch" is not found' };
      expect(await wireStatus(alice.call(presence, 'deleteRemoteCluster', { name: 'nosuch' }))).toEqual(missing);
      expect(
        await wireStatus(alice.call(presence, 'updateRemoteCluster', { remoteCluster: cluster('nosuch') })),
      ).toEqual(missing);
      expect(await wireStatus(alice.call(presence, 'deleteRemoteCluster', { name: 'root.test' }))).toEqual({
        code: 3,
        details: 'remote cluster "root.test" is the name of this root cluster and cannot be removed.',
      });
      expect(await wireStatus(alice.call(presence, 'updateRemoteCluster', {}))).toEqual({
        code: 3,
        details: 'remote_cluster: must not be nil',
      });
      const odd = { remoteCluster: cluster('leaf.test'), updateMask: ['Metadata.Foo'] };
      expect(await wireStatus(alice.call(presence, 'updateRemoteCluster', odd))).toEqual({
        code: 3,
        details: 'unsupported field: "Metadata.Foo"',
      });
    });

    it('shows a labelled leaf to those whose roles name its labels', async () => {
      const alice = await as('alice', root);
      const relabel = (Labels: Map<string, string>) =>
        alice.call(presence, 'updateRemoteCluster', {
          remoteCluster: { Metadata: { Name: 'leaf.test', Labels } },
          updateMask: ['Metadata.Labels'],
        });
      root.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
      await relabel(new Map([['env', 'prod']]));
      const carol = await as('carol', root);
      expect((await carol.call(presence, 'listRemoteClusters', {})).remoteClusters).toEqual([]);
      const { tlsPublicKey } = wireKey();
      const routed = {
        Username: 'carol',
        Expires: toTimestamp(Date.now() + 600_000),
        TLSPublicKey: tlsPublicKey,
        RouteToCluster: 'leaf.test',
      };
      expect(await wireStatus(carol.call(AuthServiceDefinition, 'generateUserCerts', routed))).toEqual({
        code: 5,
        details: 'remote cluster "leaf.test" not found',
      });
      await relabel(new Map());
      expect((await carol.call(presence, 'listRemoteClusters', {})).remoteClusters).toHaveLength(1);
      const { TLS } = await carol.call(AuthServiceDefinition, 'generateUserCerts', routed);
      expect(parseTlsIdentity(TLS).routeToCluster).toBe('leaf.test');
    });
  });

  describe('through the root’s proxy', () => {
    let bot: WireBot;
    beforeAll(async () => {
      bot = await WireBot.join(root, await root.createToken({ botName: 'ci' }));
    });
    afterAll(() => bot[Symbol.dispose]());

    const routed = (name: string, ClusterName: string, roles = ['deployer'], RouteToCluster = '') =>
      bot.issue({
        RouteToApp: { Name: name, PublicAddr: `${name}.localhost`, ClusterName },
        RoleRequests: roles,
        UseRoleRequests: true,
        RouteToCluster,
      });

    function visit({ key, cert }: Issued, cluster = root): Promise<{ status: number | undefined; body: string }> {
      const [host, port] = cluster.proxyAddress.split(':') as [string, string];
      return new Promise((resolve, reject) => {
        request({ host, port, key, cert, ca: cluster.webCaPem, agent: false }, (answer) => {
          let body = '';
          answer.on('data', (chunk: Buffer) => (body += chunk));
          answer.on('end', () => resolve({ status: answer.statusCode, body }));
        })
          .on('error', reject)
          .end();
      });
    }

    it('an application of the leaf answers, and is told of somebody of the leaf', async () => {
      for (const routeToCluster of ['', 'leaf.test']) {
        const { status, body } = await visit(await routed('far', 'leaf.test', ['deployer'], routeToCluster));
        expect([status, JSON.parse(body).caller]).toEqual([
          200,
          { user: 'remote-bot-ci-root.test', roles: ['deployer'] },
        ]);
      }
    });

    it.each([
      ['its name on the root', 'far', 'root.test', ['deployer'], 403],
      ['an application of the root', 'foo', 'leaf.test', ['deployer'], 403],
      ['an unknown cluster', 'far', 'nosuch', ['deployer'], 403],
      ['no cluster', 'far', '', ['deployer'], 403],
      ['an unknown application', 'nosuch', 'leaf.test', ['deployer'], 403],
      ['a role that the leaf does not map', 'far', 'leaf.test', ['unmapped'], 403],
      ['a mapped role that may not use it', 'hidden', 'leaf.test', ['deployer'], 404],
    ])('%s is refused', async (_what, name, cluster, roles, expected) => {
      expect(await visit(await routed(name, cluster, roles))).toMatchObject({ status: expected });
    });

    it('the leaf’s own proxy knows nothing of the root’s sessions', async () => {
      expect(await visit(await routed('far', 'leaf.test'), leaf)).toMatchObject({ status: 403 });
    });

    const dial = async (cluster: string, identity: WireCredentials): Promise<{ cn: string; alpn: unknown }> => {
      const [host, port] = root.proxyAddress.split(':') as [string, string];
      const socket = connect({
        ...{ host, port: Number(port), key: identity.key, cert: identity.cert },
        servername: TELEPORT_CLUSTER_DOMAIN,
        ALPNProtocols: [`teleport-auth@${encodeClusterName(cluster)}`, 'h2'],
        ca: leaf.hostCaPems.join(''),
      });
      try {
        await once(socket, 'secureConnect');
        return { cn: socket.getPeerCertificate().issuer.O, alpn: socket.alpnProtocol };
      } finally {
        socket.destroy();
      }
    };

    it('a connection to the leaf’s auth service is handed on as it is', async () => {
      const issued = await bot.issue({ RoleRequests: ['deployer'], UseRoleRequests: true });
      expect(await dial('leaf.test', issued)).toEqual({ cn: 'leaf.test', alpn: 'h2' });
      await expect(dial('nosuch', issued)).rejects.toMatchObject({ code: 'ECONNRESET' });
    });

    it('a leaf that is cut off is offline, and back after that', async () => {
      const issued = await routed('far', 'leaf.test');
      const status = async (): Promise<string | undefined> => {
        const client = await as('carol', root);
        const cluster = await client.call(PresenceServiceDefinition, 'getRemoteCluster', { name: 'leaf.test' });
        return cluster.Status?.Connection;
      };
      leaf.partition();
      expect(await status()).toBe('offline');
      await expect(dial('leaf.test', issued)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(await visit(issued)).toMatchObject({ status: 403 });
      leaf.heal();
      expect(await status()).toBe('online');
      expect(await visit(issued)).toMatchObject({ status: 200 });
      await leaf.restart();
      expect(await status()).toBe('online');
      expect(await visit(issued)).toMatchObject({ status: 200 });
    });
  });

  it('an unknown leaf is told together with the known ones', () => {
    expect(() => root.leaf('nosuch')).toThrow('there is no leaf "nosuch"; leaves: leaf.test');
  });
});

it('trust, ports and authorities outlive a restart', async () => {
  await using directory = await TemporaryDirectory.create();
  const dataDir = directory.join('data');
  const before = await rootAndLeaf({ dataDir });
  const facts = ({ root, leaf }: { root: DevCluster; leaf: DevCluster }) =>
    [root, leaf].map(({ authAddress, proxyAddress, caPins }) => ({ authAddress, proxyAddress, caPins }));
  const kept = facts(before);
  const carol = await before.root.issueUserCredentials({ user: 'carol' });
  await before.root.stop();

  await using root = await DevCluster.start({ dataDir, leaves: LEAVES });
  const leaf = root.leaf('leaf.test');
  expect(facts({ root, leaf })).toEqual(kept);
  using client = authOf(leaf, carol);
  expect(await client.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: 'leaf.test' });
  await root.restart();
  expect(await client.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: 'leaf.test' });
  await root.stop();

  await using alone = await DevCluster.start({ dataDir });
  using atRoot = authOf(alone, await alone.issueUserCredentials({ user: 'carol' }));
  const known = await atRoot.call(PresenceServiceDefinition, 'getRemoteCluster', { name: 'leaf.test' });
  expect(known.Status?.Connection).toBe('offline');
});
