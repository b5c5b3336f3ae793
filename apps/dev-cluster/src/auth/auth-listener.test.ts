import { type ConnectionOptions, connect } from 'node:tls';
import { Client, credentials, type Metadata } from '@grpc/grpc-js';
import { encodeClusterName } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { createAuthority } from '../pki/cert-authority.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { anonymousClient, userClient, WireBot, wireKey } from '../testing/wire-bot.ts';
import { WireClient, wireStatus } from '../testing/wire-client.ts';

const UNAVAILABLE = 14;
let clock: FakeClock;
let cluster: DevCluster;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ name: 'root.test', clock });
  cluster.upsertRole({ name: 'viewer' });
  cluster.upsertUser({ name: 'alice', roles: ['viewer'] });
  await cluster.upsertBot({ name: 'ci', roles: ['viewer'] });
  await cluster.addApplication({ name: 'foo' });
});

afterAll(() => cluster.stop());

interface Shown {
  readonly alpn: string | false | null;
  readonly sans: string | undefined;
  readonly protocol: string | null;
}

function handshake(options: ConnectionOptions): Promise<Shown> {
  const [host, port] = cluster.authAddress.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host as string, port: Number(port), ca: cluster.hostCaPems, ...options }, () => {
      const { subjectaltname } = socket.getPeerCertificate();
      resolve({ alpn: socket.alpnProtocol, sans: subjectaltname, protocol: socket.getProtocol() });
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

const ping = (client: WireClient) => client.call(Auth, 'ping', {});

async function statusWith(identity: { key: string; cert: string }, serverName?: string): Promise<number> {
  const ca = cluster.hostCaPems.join('');
  using client = new WireClient({ address: cluster.authAddress, ca, identity, ...(serverName && { serverName }) });
  try {
    await ping(client);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

describe('the handshake', () => {
  it('shows a certificate for every encoded cluster name, never for localhost', async () => {
    const { sans } = await handshake({ servername: 'teleport.cluster.local', ALPNProtocols: ['h2'] });
    expect(sans).toContain('DNS:teleport.cluster.local');
    expect(sans).toContain('DNS:*.teleport.cluster.local');
    await expect(handshake({ servername: 'localhost', ALPNProtocols: ['h2'] })).rejects.toThrow(/altnames/);
  });

  it('speaks h2, beside whatever else is offered', async () => {
    const servername = 'teleport.cluster.local';
    expect((await handshake({ servername, ALPNProtocols: ['teleport-auth@00', 'h2'] })).alpn).toBe('h2');
    await expect(handshake({ servername, ALPNProtocols: ['nonsense'] })).rejects.toThrow(/no application protocol/);
  });

  it('refuses TLS below 1.2', async () => {
    const old = { servername: 'teleport.cluster.local', minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    await expect(handshake({ ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow();
  });
});

describe('a caller without a certificate', () => {
  it('may ping, and read the name and the authority of the cluster', async () => {
    using client = anonymousClient(cluster);
    const { ClusterName, ServerVersion, ProxyPublicAddr, RemoteAddr } = await ping(client);
    expect({ ClusterName, ServerVersion, ProxyPublicAddr }).toEqual({
      ClusterName: 'root.test',
      ServerVersion: '18.0.0',
      ProxyPublicAddr: cluster.proxyAddress,
    });
    expect(RemoteAddr).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await client.call(Auth, 'getDomainName', {})).toMatchObject({ DomainName: 'root.test' });
    const { TLSCA } = await client.call(Auth, 'getClusterCACert', {});
    expect(TLSCA.toString()).toBe(cluster.hostCaPems.join('\n'));
  });

  it('may do nothing else, not even what every user may', async () => {
    using client = anonymousClient(cluster);
    expect(await wireStatus(client.call(Trust, 'getCertAuthorities', { type: 'host' }))).toEqual({
      code: 7,
      details:
        'access denied to perform action "readnosecrets" on "cert_authority", access denied to perform action "list" on "cert_authority"',
    });
    expect((await wireStatus(client.call(Auth, 'generateUserCerts', { Username: '' }))).code).toBe(7);
    expect((await wireStatus(client.call(Auth, 'listResources', { ResourceType: 'app_server' }))).code).toBe(7);
  });
});

describe('a client certificate', () => {
  const sign = (options: {
    cluster?: string;
    authority?: 'user' | 'host';
    roles?: string[];
    teleportCluster?: string;
    usage?: string[];
  }) => {
    const keys = wireKey();
    const authority = createAuthority({
      type: options.authority ?? 'user',
      clusterName: options.cluster ?? 'root.test',
      clock,
    });
    const cert = issueTlsCertificate(authority, {
      publicKey: keys.tlsPublicKey.toString(),
      identity: { user: 'alice', roles: options.roles ?? ['viewer'], ...options },
      notAfter: new Date(clock.now() + 3_600_000),
    });
    return { key: keys.key, cert };
  };

  it('of this cluster is taken, under any server name that does not name another one', async () => {
    const alice = await cluster.issueUserCredentials({ user: 'alice' });
    expect(await statusWith(alice)).toBe(0);
    expect(await statusWith(alice, encodeClusterName('root.test'))).toBe(0);
    expect(await statusWith(alice, encodeClusterName('leaf.test'))).toBe(UNAVAILABLE);
  });

  it('of an authority that only has the right name is refused', async () => {
    expect(await statusWith(sign({}))).toBe(UNAVAILABLE);
    expect(await statusWith(sign({ cluster: 'leaf.test' }))).toBe(UNAVAILABLE);
    expect(await statusWith(sign({ authority: 'host', roles: ['Admin'] }))).toBe(UNAVAILABLE);
  });

  it('is refused once it has expired by the clock of the cluster, but goes on over an open connection', async () => {
    const alice = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 60_000 });
    const ca = cluster.hostCaPems.join('');
    using open = new WireClient({ address: cluster.authAddress, ca, identity: alice });
    await ping(open);
    await clock.advance(61_000);
    expect(await statusWith(alice)).toBe(UNAVAILABLE);
    await ping(open);
  });

  it('that comes with another one is refused', async () => {
    using bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
    const { key, cert, certs } = bot.own;
    expect(await statusWith({ key, cert })).toBe(0);
    for (const other of certs.TLSCACerts) {
      expect(await statusWith({ key, cert: cert + other.toString() })).toBe(UNAVAILABLE);
    }
  });

  it('that is good for one thing only is refused', async () => {
    using bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
    const app = { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' };
    const request = { UseRoleRequests: true, RoleRequests: ['viewer'], RouteToApp: app };
    expect(await statusWith(await bot.issue(request))).toBe(0);
    expect(await statusWith(await bot.issue({ ...request, Usage: 4 }))).toBe(UNAVAILABLE);
  });
});

describe('an answer', () => {
  it('carries the version of the server, whether it is good or bad', async () => {
    const headersOf = (path: string): Promise<Metadata> =>
      new Promise((resolve) => {
        const client = new Client(
          cluster.authAddress,
          credentials.createSsl(Buffer.from(cluster.hostCaPems.join(''))),
          {
            'grpc.ssl_target_name_override': 'teleport.cluster.local',
          },
        );
        const asIs = (bytes: Buffer): Buffer => bytes;
        const call = client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), () => client.close());
        call.on('metadata', resolve);
      });
    expect((await headersOf('/proto.AuthService/Ping')).get('version')).toEqual(['18.0.0']);
    expect((await headersOf('/proto.AuthService/GetTokens')).get('version')).toEqual(['18.0.0']);
  });
});

describe('a lock', () => {
  it('is felt on an open connection, by every call, and no longer than it is in force', async () => {
    using alice = await userClient(cluster, 'alice');
    await ping(alice);
    cluster.lock({ role: 'viewer', expiresInMs: 1000 });
    expect(await wireStatus(ping(alice))).toEqual({ code: 7, details: 'access denied' });
    await clock.advance(1000);
    await ping(alice);
  });
});
