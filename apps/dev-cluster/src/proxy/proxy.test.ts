import { createPublicKey, verify } from 'node:crypto';
import { createServer, request as plainRequest } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { encodeClusterName, parseTlsIdentity } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { recordedText } from '../testing/recorded.ts';
import { type Issued, userClient, WireBot, wireKey } from '../testing/wire-bot.ts';
import type { DemoAnswer } from './demo-application.ts';

let cluster: DevCluster;
let clock: FakeClock;
let bot: WireBot;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ name: 'root.test', clock });
  cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' } } });
  cluster.upsertRole({ name: 'viewer' });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  await cluster.addApplication({ name: 'foo' });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer', 'viewer'] });
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
});

afterAll(async () => {
  bot.client.close();
  await cluster.stop();
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(
  path: string,
  options: { identity?: Issued; method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { identity, body, method = 'GET', headers = {} } = options;
  const [, port] = cluster.proxyAddress.split(':');
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: 'localhost',
        port,
        path,
        method,
        headers,
        ca: cluster.webCaPem,
        agent: false,
        key: identity?.key,
        cert: identity?.cert,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** The names of all members, at any depth. */
function shape(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shape(member)]));
}

describe('the web API', () => {
  it.each(['ping', 'find'])('answers /webapi/%s as a real one, but for the services that it has not', async (name) => {
    const ours = JSON.parse((await ask(`/webapi/${name}`)).body);
    const theirs = JSON.parse(recordedText(`webapi-${name}.json`));
    expect(shape({ ...ours, proxy: { ...ours.proxy, kube: 0, db: 0 } })).toEqual(
      shape({ ...theirs, proxy: { ...theirs.proxy, kube: 0, db: 0 } }),
    );
    expect(ours).toMatchObject({
      cluster_name: 'root.test',
      server_version: '18.0.0',
      min_client_version: '17.0.0-aa',
    });
    expect(ours.proxy.ssh.public_addr).toBe(cluster.proxyAddress);
    expect(ours.auth).toEqual(theirs.auth);
  });

  it('answers under /v1 too, and not under /v2', async () => {
    expect((await ask('/v1/webapi/ping')).status).toBe(200);
    expect((await ask('/v2/webapi/ping')).status).toBe(404);
  });

  it('refuses in the words of a real one', async () => {
    const unknown = await ask('/nope');
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.body)).toEqual(JSON.parse(recordedText('webapi-not-found.json')));
    for (const odd of ['//', '/%', '/webapi/ping/%E0%A4%A', '/?a=b']) {
      expect([400, 404], odd).toContain((await ask(odd)).status);
    }
    const connector = await ask('/webapi/ping/nope');
    expect(connector.status).toBe(400);
    expect(JSON.parse(connector.body)).toEqual(JSON.parse(recordedText('webapi-ping-nope.json')));
  });
});

describe('joining over HTTP', () => {
  const keys = wireKey();
  const join = (fields: Record<string, unknown>, path = '/webapi/host/credentials') =>
    ask(path, {
      method: 'POST',
      body: JSON.stringify({
        node_name: 'n',
        role: 'Bot',
        public_tls_key: keys.tlsPublicKey.toString('base64'),
        public_ssh_key: keys.sshPublicKey.toString('base64'),
        ...fields,
      }),
    });

  it('gives the certificates that gRPC gives', async () => {
    for (const path of ['/webapi/host/credentials', '/v1/webapi/host/credentials']) {
      const { status, body } = await join({ token: await cluster.createToken({ botName: 'ci' }) }, path);
      expect(status).toBe(200);
      const answer = JSON.parse(body);
      expect(Object.keys(answer)).toEqual(['ssh', 'tls', 'tls_ca_certs', 'ssh_ca_certs']);
      const identity = parseTlsIdentity(Buffer.from(answer.tls, 'base64').toString());
      expect(identity).toMatchObject({ user: 'bot-ci', renewable: true, generation: 1, loginIp: '127.0.0.1' });
      expect(answer.tls_ca_certs).toHaveLength(2);
    }
  });

  it('takes a wanted expiry', async () => {
    const expires = new Date(Math.floor(clock.now() / 1000) * 1000 + 120_000).toISOString();
    const { body } = await join({ token: await cluster.createToken({ botName: 'ci' }), expires });
    const { notAfter } = parseTlsIdentity(Buffer.from(JSON.parse(body).tls, 'base64').toString());
    expect(notAfter.toISOString()).toBe(expires);
  });

  it('refuses with the status and the text of a real one', async () => {
    const { status, body } = await join({ token: 'nope' });
    const [text, recordedStatus] = recordedText('webapi-host-credentials-error.txt')
      .trimEnd()
      .split(/\n(?=\d+$)/);
    expect(status).toBe(Number(recordedStatus));
    expect(JSON.parse(body)).toEqual(JSON.parse(text ?? ''));
    expect((await ask('/webapi/host/credentials', { method: 'POST', body: '{' })).status).toBe(400);
    expect((await join({ token: 7 })).status).toBe(400);
  });
});

describe('connections', () => {
  const outcome = (options: { servername: string; ALPNProtocols?: string[]; ca: string[] }): Promise<string> => {
    const [, port] = cluster.proxyAddress.split(':');
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(port), ...options }, () => {
        resolve(`${socket.alpnProtocol} from ${socket.getPeerCertificate().issuer.CN}`);
        socket.destroy();
      });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  };
  const auth = `teleport-auth@${encodeClusterName('root.test')}`;
  const atAuth = () => ({ servername: 'teleport.cluster.local', ca: cluster.hostCaPems });
  const atWeb = () => ({ servername: 'localhost', ca: [cluster.webCaPem] });

  it('for auth are handed on: it is auth that answers the handshake', async () => {
    expect(await outcome({ ...atAuth(), ALPNProtocols: [auth, 'h2'] })).toBe('h2 from root.test');
    expect(await outcome({ ...atAuth(), ALPNProtocols: [auth] })).toMatch(/NO_APPLICATION_PROTOCOL/);
  });

  it('are for the web when they say so, say nothing, or ask for auth too late', async () => {
    expect(await outcome({ ...atWeb(), ALPNProtocols: ['h2', 'http/1.1'] })).toBe('http/1.1 from dev-cluster web');
    expect(await outcome(atWeb())).toBe('false from dev-cluster web');
    expect(await outcome({ ...atAuth(), ALPNProtocols: ['http/1.1', auth] })).toMatch(/CERT|ALTNAME|VERIFY|ISSUER/);
    expect(await outcome({ ...atWeb(), ALPNProtocols: ['teleport-reversetunnel'] })).toMatch(
      /^teleport-reversetunnel from/,
    );
  });

  it('that nobody serves are closed without an alert', async () => {
    expect(await outcome({ ...atWeb(), ALPNProtocols: ['nonsense'] })).toBe('ECONNRESET');
    const elsewhere = `teleport-auth@${encodeClusterName('elsewhere')}`;
    expect(await outcome({ ...atAuth(), ALPNProtocols: [elsewhere, 'h2'] })).toBe('ECONNRESET');
    expect(await outcome({ ...atAuth(), ALPNProtocols: ['teleport-auth@root.test', 'h2'] })).toBe('ECONNRESET');
  });

  it('that are not TLS are closed', async () => {
    const [, port] = cluster.proxyAddress.split(':');
    const failure = await new Promise<NodeJS.ErrnoException>((resolve) => {
      plainRequest({ host: '127.0.0.1', port, agent: false }).on('error', resolve).end();
    });
    expect(failure.code).toBe('ECONNRESET');
  });
});

describe('an application', () => {
  const route = (fields: object = {}) => ({
    RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test', ...fields },
  });
  const roles = (...names: string[]) => ({ UseRoleRequests: true, RoleRequests: names });
  const statusOf = async (identity: Issued): Promise<number> => (await ask('/', { identity })).status;

  it('is told who calls', async () => {
    const identity = await bot.issue({ ...roles('deployer'), ...route() });
    const { status, body } = await ask('/path?x=1', { identity, headers: { 'teleport-jwt-assertion': 'mine' } });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      application: 'demo',
      method: 'GET',
      path: '/path?x=1',
      caller: { user: 'bot-ci', roles: ['deployer'], bot: 'ci' },
      expires: identity.identity.notAfter.toISOString(),
    } satisfies DemoAnswer);
    const inWords = await ask('/', { identity, headers: { accept: 'text/plain' } });
    expect(inWords.body).toBe('Hello, bot ci (user bot-ci) with the roles deployer: you asked for GET /.\n');
  });

  it('is reached whatever the route calls it', async () => {
    expect(await statusOf(await bot.issue({ ...roles('deployer'), ...route({ Name: 'other' }) }))).toBe(200);
  });

  it.each([
    ['without a route', {}],
    ['without a public address', route({ PublicAddr: '' })],
    ['with an unknown public address', route({ PublicAddr: 'bar.localhost' })],
    ['without a cluster', route({ ClusterName: '' })],
    ['with another cluster', route({ ClusterName: 'leaf.test' })],
  ])('is forbidden to a certificate %s', async (_what, request) => {
    expect(await statusOf(await bot.issue({ ...roles('deployer'), ...request }))).toBe(403);
  });

  it('does not exist for roles that may not use it', async () => {
    expect(await statusOf(await bot.issue({ ...roles('viewer'), ...route() }))).toBe(404);
  });

  it('is forbidden once the sessions of the user are gone, the user is locked, or the certificate has ended', async () => {
    const locked = await bot.issue({ ...roles('deployer'), ...route() });
    const lock = cluster.lock({ user: 'bot-ci' });
    expect(await statusOf(locked)).toBe(403);
    cluster.unlock(lock);
    expect(await statusOf(locked)).toBe(200);

    using admin = await userClient(cluster, 'alice');
    await admin.call(Auth, 'deleteUserAppSessions', { Username: 'bot-ci' });
    expect(await statusOf(locked)).toBe(403);

    const ended = await bot.issue({ ...roles('deployer'), ...route() });
    expect(await statusOf(ended)).toBe(200);
    await clock.advance(3_601_000);
    await expect(statusOf(ended)).rejects.toThrow();
  });

  it('may be one of your own, which gets the request as it was, and says where it came from', async () => {
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        response.writeHead(201, { 'x-own': 'yes' });
        response.end(JSON.stringify({ headers: incoming.headers, body: Buffer.concat(chunks).toString() }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await cluster.addApplication({ name: 'own', uri: `http://127.0.0.1:${port}` });
    const identity = await bot.issue({ ...roles('deployer'), ...route({ Name: 'own', PublicAddr: 'own.localhost' }) });
    const { status, body } = await ask('/', {
      identity,
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-mine': 'kept' },
    });
    server.close();
    server.closeAllConnections();
    expect(status).toBe(201);
    const seen = JSON.parse(body);
    expect(seen.body).toHaveLength(100_000);
    expect(seen.headers).toMatchObject({
      'x-mine': 'kept',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': cluster.proxyAddress,
      host: `127.0.0.1:${port}`,
    });
    const claims = JSON.parse(
      Buffer.from(seen.headers['teleport-jwt-assertion'].split('.')[1], 'base64url').toString(),
    );
    expect(claims).toMatchObject({ iss: 'root.test', username: 'bot-ci', roles: ['deployer'] });
    // One text, as in the real one, and no list of one.
    expect(claims.aud).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { keys } = JSON.parse((await ask('/.well-known/jwks.json')).body);
    const [header, content, signature] = seen.headers['teleport-jwt-assertion'].split('.');
    const key = createPublicKey({ key: keys[0], format: 'jwk' });
    const signed = Buffer.from(`${header}.${content}`);
    const ieee = { key, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', signed, ieee, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it.each([
    [{ name: 'A b' }],
    [{ name: 'x" || name != "' }],
    [{ name: 'a', uri: 'nowhere' }],
    [{ name: 'a', publicAddr: '' }],
  ])('is refused as %j', async (fields) => {
    await expect(cluster.addApplication(fields)).rejects.toThrow(/must be|is no URL/);
  });

  it('that is away is said to be away', async () => {
    await cluster.addApplication({ name: 'gone', uri: 'http://127.0.0.1:1' });
    const identity = await bot.issue({
      ...roles('deployer'),
      ...route({ Name: 'gone', PublicAddr: 'gone.localhost' }),
    });
    expect(await statusOf(identity)).toBe(504);
  });
});
