import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { encodeClusterName, TELEPORT_CLUSTER_DOMAIN } from '@teleport-ts/api-types';
import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RootAndLeaf } from '../testing/root-and-leaf.ts';
import { type Issued, WireBot } from '../testing/wire-bot.ts';
import type { WireCredentials } from '../testing/wire-client.ts';

let both: RootAndLeaf;
let { root, leaf } = {} as RootAndLeaf;

beforeAll(async () => {
  both = await RootAndLeaf.start();
  ({ root, leaf } = both);
});

afterAll(() => both[Symbol.asyncDispose]());

const as: RootAndLeaf['as'] = (...args) => both.as(...args);

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
