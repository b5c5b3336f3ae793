import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, loadTLS } from '@teleport-ts/api-client';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visitApplication } from '../test-support/visit-application.ts';
import { visitDatabase } from '../test-support/visit-database.ts';
import { visitKubernetes } from '../test-support/visit-kubernetes.ts';
import { Bot } from './bot.ts';
import type { IdentityRequest } from './destination-host.ts';
import { MemoryDestination } from './destinations/memory.ts';
import type { Identity } from './identity.ts';
import { tlsCertificatesOf } from './trusted-authority.ts';

const DISCOVERED = 'teleport.internal/discovered-name';

/** What a real cluster's proxy makes of a certificate: it has passed where the far end, which is not there, is what fails. */
type Verdict = 'passed' | 'denied';

describe.skipIf(!teleportBinDir())('credentials of all kinds from a real Teleport 18', () => {
  let root: RealTeleport;
  let leaf: RealTeleport;
  let application: Server;
  let bot: Bot;

  beforeAll(async () => {
    application = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    const dev = { team: 'dev' };
    const nowhere = '127.0.0.1:9';
    root = await RealTeleport.start({
      name: 'root.test',
      applications: [{ name: 'foo', uri, labels: dev }],
      databases: [
        { name: 'pg', protocol: 'postgres', uri: nowhere, labels: dev },
        { name: 'pg2', protocol: 'postgres', uri: nowhere, labels: dev },
        { name: 'cache', protocol: 'redis', uri: `redis://${nowhere}`, labels: dev },
        { name: 'docs', protocol: 'mongodb', uri: `mongodb://${nowhere}`, labels: dev },
        { name: 'secret', protocol: 'postgres', uri: nowhere, labels: { team: 'board' } },
      ],
      kubernetesClusters: ['k1', 'k2'],
      configure: (config) => {
        Object.assign(config.db_service, { resources: [{ labels: { '*': '*' } }] });
        Object.assign(config.kubernetes_service, { resources: [{ labels: { '*': '*' } }] });
      },
    });
    const spec = {
      allow: {
        ...{ app_labels: dev, db_labels: dev, db_users: ['svc'], db_names: ['main'] },
        ...{ kubernetes_labels: { '*': '*' }, kubernetes_groups: ['viewers'] },
        kubernetes_resources: [{ kind: '*', namespace: '*', name: '*', verbs: ['*'] }],
        ...{ logins: ['root'], node_labels: { '*': '*' } },
      },
    };
    await root.createRole('deployer', spec);
    leaf = await RealTeleport.startLeaf(root, {
      applications: [{ name: 'far-foo', uri, labels: dev }],
      databases: [{ name: 'far-pg', protocol: 'postgres', uri: nowhere, labels: dev }],
      kubernetesClusters: ['far-k1'],
    });
    await leaf.createRole('deployer', spec);
    bot = await Bot.start({
      proxyServer: root.proxyAddress,
      onboarding: { token: await root.createBot('ci', ['deployer']) },
      store: new MemoryDestination(),
      webCa: [root.webCaPem],
    });
  });

  afterAll(async () => {
    await bot?.close();
    await leaf?.stop();
    await root?.stop();
    application?.close();
  });

  async function failure(work: Promise<unknown>): Promise<TeleportError> {
    const error: unknown = await work.then(
      () => new Error('it did not fail'),
      (reason: unknown) => reason,
    );
    if (!isTeleportError(error)) throw error;
    return error;
  }

  const passes = {
    application: async (identity: Identity): Promise<Verdict> => {
      const address = identity.route?.application?.publicAddress ?? 'foo.localhost';
      const visit = visitApplication(identity, root.proxyAddress, root.webCaPem, address);
      return await visit.then(({ status }) => (status === 200 ? 'passed' : 'denied'), cutOff);
    },
    database: async (identity: Identity): Promise<Verdict> => {
      const visit = visitDatabase(identity, root.proxyAddress, 'svc');
      return await visit.then((answer) => (answer.includes('connection refused') ? 'passed' : 'denied'), cutOff);
    },
    kubernetes: async (identity: Identity): Promise<Verdict> => {
      const visit = visitKubernetes(identity, root.proxyAddress);
      return await visit.then(({ body }) => (body.includes('is offline') ? 'passed' : 'denied'), cutOff);
    },
    api: async ({ tlsCertificate, privateKey, authorities }: Identity): Promise<Verdict> => {
      const credentials = loadTLS({
        cert: tlsCertificate!,
        key: privateKey!,
        ca: tlsCertificatesOf(authorities, 'host'),
      });
      const trust = { webCa: [root.webCaPem] };
      const connecting = connect({ addresses: [root.proxyAddress], credentials, trust, retry: false });
      return await connecting.then(
        async (client): Promise<Verdict> => {
          await client.close();
          return 'passed';
        },
        () => 'denied',
      );
    },
  };

  /** Not every part of the proxy says what it does not like. */
  function cutOff(error: NodeJS.ErrnoException): Verdict {
    if (error.code === 'ECONNRESET') return 'denied';
    throw error;
  }

  describe.each([
    ['root.test', ''],
    ['leaf.test', 'far-'],
  ])('for %s', (cluster, prefix) => {
    const requests: Record<string, IdentityRequest> = {
      application: { kind: 'application', name: `${prefix}foo`, cluster },
      database: { kind: 'database', name: `${prefix}pg`, cluster, username: 'svc', database: 'main' },
      kubernetes: { kind: 'kubernetes', name: `${prefix}k1`, cluster },
    };

    it.each([
      ['application', 'usage:apps'],
      ['database', 'usage:db'],
      ['kubernetes', 'usage:kube'],
    ] as const)('for %s opens it, confined too, and then nothing else', async (kind, usage) => {
      const wide = await bot.generateIdentity(requests[kind]!);
      expect([wide.tls.routeToCluster, wide.tls.usage, wide.sshCertificate !== undefined]).toEqual([cluster, [], true]);
      expect([await passes[kind](wide), await passes.api(wide)]).toEqual(['passed', 'passed']);
      const confined = await bot.generateIdentity({ ...requests[kind]!, confined: true });
      expect([confined.tls.usage, confined.sshCertificate]).toEqual([[usage], undefined]);
      for (const use of ['application', 'database', 'kubernetes', 'api'] as const) {
        expect([use, await passes[use](confined)]).toEqual([use, use === kind ? 'passed' : 'denied']);
      }
    });

    it('one of kind identity speaks to the cluster and has SSH principals', async () => {
      const identity = await bot.generateIdentity({ kind: 'identity', cluster });
      expect(identity.ssh?.principals).toContain('root');
      expect([identity.tls.routeToCluster, identity.ssh?.extensions.get('teleport-route-to-cluster')]).toEqual([
        cluster,
        cluster,
      ]);
      expect(await passes.api(identity)).toBe('passed');
    });
  });

  it('one for a Kubernetes cluster cannot be turned to another by the path of a request', async () => {
    const path = `/v1/teleport/${['root.test', 'k2'].map((name) => Buffer.from(name).toString('base64url')).join('/')}/api`;
    for (const confined of [false, true]) {
      const identity = await bot.generateIdentity({ kind: 'kubernetes', name: 'k1', confined });
      const { status, body } = await visitKubernetes(identity, root.proxyAddress, path);
      expect([status, body]).toEqual([403, expect.stringContaining('may not be overwritten')]);
    }
    // One that leads nowhere in particular can.
    const plain = await bot.generateIdentity({ kind: 'identity' });
    expect((await visitKubernetes(plain, root.proxyAddress, path)).body).toContain('k2');
  });

  it('follows the protocols of databases', async () => {
    const redis = await bot.generateIdentity({ kind: 'database', name: 'cache' });
    expect([redis.tls.database?.protocol, redis.tls.database?.user]).toEqual(['redis', 'default']);
    const docs = { kind: 'database', name: 'docs' } as const;
    expect((await failure(bot.generateIdentity(docs))).message).toContain('needs a username');
    expect((await bot.generateIdentity({ ...docs, username: 'svc' })).tls.database?.protocol).toBe('mongodb');
  });

  it('finds what was discovered under a name, unless several were', async () => {
    const orders = { kind: 'database', name: 'orders' } as const;
    const mysql = { protocol: 'mysql', uri: '127.0.0.1:9' };
    await discover('db', 'orders-rds', mysql);
    await discover('kube_cluster', 'orders-eks', { kubeconfig: Buffer.from(KUBECONFIG).toString('base64') });
    await comesTo(orders, 'issued');
    await comesTo({ ...orders, kind: 'kubernetes' }, 'issued');
    const database = await bot.generateIdentity(orders);
    expect(database.tls.database).toMatchObject({ service: 'orders-rds', protocol: 'mysql' });
    const kubernetes = await bot.generateIdentity({ ...orders, kind: 'kubernetes' });
    expect([kubernetes.tls.kubernetesCluster, kubernetes.route?.kubernetes?.name]).toEqual(Array(2).fill('orders-eks'));
    await discover('db', 'orders-rds-2', mysql);
    await comesTo(orders, 'bad_parameter 2 databases in cluster root.test were discovered as "orders"');
  });

  it('refuses clearly', async () => {
    for (const name of ['nosuch', 'secret', 'x" || name != "', 'pg" || "']) {
      expect((await failure(bot.generateIdentity({ kind: 'database', name }))).code, name).toBe('not_found');
    }
    for (const name of ['nosuch', 'x" || name != "', 'k1" || "']) {
      expect((await failure(bot.generateIdentity({ kind: 'kubernetes', name }))).code, name).toBe('not_found');
    }
    await root.createRole('ghost', {});
    await root.tctl(['bots', 'update', 'ci', '--set-roles=deployer,ghost']);
    const ghost: IdentityRequest = { kind: 'identity', roles: ['ghost'] };
    await comesTo(ghost, 'issued');
    await root.tctl(['rm', 'role/ghost']);
    await comesTo(ghost, 'not_found the role "ghost", which the bot may impersonate, does not exist');
    await root.tctl(['lock', '--role=deployer', '--message=maintenance', '--ttl=1m']);
    await comesTo(
      { kind: 'identity', roles: ['deployer'] },
      'locked lock targeting Role:"deployer" is in force: maintenance',
    );
  });

  /** As the cluster's discovery would put it in. */
  async function discover(kind: string, name: string, spec: object): Promise<void> {
    const labels = { team: 'dev', [DISCOVERED]: 'orders' };
    await root.tctl(['create', '-f'], JSON.stringify({ kind, version: 'v3', metadata: { name, labels }, spec }));
  }

  /** Asks until the answer is that one: a real cluster's lists are up to a second behind, its agents some more. */
  async function comesTo(request: IdentityRequest, outcome: string): Promise<void> {
    const ask = (): Promise<string> =>
      bot.generateIdentity(request).then(
        () => 'issued',
        ({ code, message }: TeleportError) => `${code} ${message}`,
      );
    await expect.poll(ask, { timeout: 60_000, interval: 500 }).toBe(outcome);
  }
});

/** No API server is behind it. */
const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'x',
  clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:9' } }],
  users: [{ name: 'x', user: { token: 'none' } }],
  contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
});
