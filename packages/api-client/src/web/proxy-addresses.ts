import { TeleportError } from '@teleport-ts/api-types';
import { type Address, formatAddress, parseAddress } from '../dialing/address.ts';
import type { FindAnswer } from './proxy-answers.ts';

/** Where a client reaches the services of a proxy, each `host:port`. */
export interface ProxyAddresses {
  readonly web: string;
  /** SSH, and gRPC over mTLS. */
  readonly ssh: string;
  /** Reverse tunnels. */
  readonly tunnel: string;
  /** Absent when the proxy serves no Kubernetes clusters. */
  readonly kube?: string;
  /** PostgreSQL and CockroachDB. */
  readonly postgres: string;
  readonly mysql: string;
  readonly mongo: string;
}

export interface ProxyAddressOptions {
  /** Where `TELEPORT_TUNNEL_PUBLIC_ADDR` is looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Ports where an address names none, as Teleport's own programs take them. */
const PORTS = { web: 443, ssh: 3023, tunnel: 3024, kube: 3026, mysql: 3036, postgres: 5432, mongo: 27_017 } as const;
const TUNNEL_VARIABLE = 'TELEPORT_TUNNEL_PUBLIC_ADDR';

/**
 * Makes of a proxy's answer the addresses to go to, in the order of Teleport 18's own clients: a public address wins over
 * one that is listened on, with TLS routing everything is at the web port, and `TELEPORT_TUNNEL_PUBLIC_ADDR` wins for the
 * tunnel.
 *
 * An address like `0.0.0.0` means all addresses of the proxy's machine; the host that was asked stands for it.
 *
 * ```ts
 * const addresses = proxyAddresses(await find('teleport.example.com:443'), 'teleport.example.com:443');
 * addresses.ssh; // 'teleport.example.com:3023'
 * ```
 *
 * @param askedAt the web address that gave the answer, `host[:port]`
 * @throws TeleportError `connection_problem` when the answer holds something that is no address; `bad_parameter` when
 * `askedAt` or the variable does
 */
export function proxyAddresses(
  { proxy }: Pick<FindAnswer, 'proxy'>,
  askedAt: string,
  { env = process.env }: ProxyAddressOptions = {},
): ProxyAddresses {
  const { tlsRoutingEnabled, ssh, kube, db = {} } = proxy;
  const asked = parseAddress(askedAt);
  const at = (name: string, address: string | undefined): Address | undefined => read(name, address, asked.host);
  const port = (address: Address | undefined, otherwise: number): number => address?.port ?? otherwise;

  const webListen = at('proxy.ssh.web_listen_addr', ssh.webListenAddr);
  const sshListen = at('proxy.ssh.listen_addr', ssh.listenAddr);
  const tunnelListen = at('proxy.ssh.tunnel_listen_addr', ssh.tunnelListenAddr);
  const webPublic = at('proxy.ssh.public_addr', ssh.publicAddr);
  const sshPublic = at('proxy.ssh.ssh_public_addr', ssh.sshPublicAddr);
  const tunnelPublic = at('proxy.ssh.ssh_tunnel_public_addr', ssh.sshTunnelPublicAddr);

  const webPort = port(webListen, PORTS.web);
  const web = withPort(webPublic ?? { host: asked.host, port: port(asked, webPort) }, webPort);
  const routed = withPort(webPublic ?? webListen ?? web, webPort);

  const sshPort = port(sshListen, PORTS.ssh);
  const separateSsh = sshPublic ?? (webPublic && { ...webPublic, port: sshPort }) ?? sshListen ?? webListen;
  const tunnelPort = port(tunnelListen, PORTS.tunnel);
  const separateTunnel =
    tunnelPublic ??
    (sshPublic && { ...sshPublic, port: tunnelPort }) ??
    (webPublic && { ...webPublic, port: tunnelPort }) ??
    tunnelListen ??
    webListen;

  const kubeAt = at('proxy.kube.public_addr', kube.publicAddr) ??
    at('proxy.kube.listen_addr', kube.listenAddr) ?? { host: web.host };
  const postgresListen = at('proxy.db.postgres_listen_addr', db.postgresListenAddr);
  const mysqlListen = at('proxy.db.mysql_listen_addr', db.mysqlListenAddr);
  const mongoListen = at('proxy.db.mongo_listen_addr', db.mongoListenAddr);
  const onWebHost = (listen: Address | undefined, otherwise: number): Address | undefined =>
    listen && { host: web.host, port: port(listen, otherwise) };

  return {
    web: format(web),
    ssh: format(tlsRoutingEnabled ? routed : withPort(separateSsh ?? { host: web.host }, sshPort)),
    tunnel: format(
      tunnelOfEnvironment(env) ??
        (tlsRoutingEnabled ? routed : withPort(separateTunnel ?? { host: web.host }, tunnelPort)),
    ),
    ...(kube.enabled && { kube: format(tlsRoutingEnabled ? web : withPort(kubeAt, PORTS.kube)) }),
    postgres: format(
      withPort(
        at('proxy.db.postgres_public_addr', db.postgresPublicAddr) ??
          (tlsRoutingEnabled ? undefined : onWebHost(postgresListen, PORTS.postgres)) ??
          web,
        web.port,
      ),
    ),
    mysql: format(
      withPort(
        at('proxy.db.mysql_public_addr', db.mysqlPublicAddr) ??
          onWebHost(mysqlListen, PORTS.mysql) ?? { host: web.host },
        PORTS.mysql,
      ),
    ),
    mongo: format(
      withPort(
        at('proxy.db.mongo_public_addr', db.mongoPublicAddr) ?? onWebHost(mongoListen, PORTS.mongo) ?? web,
        web.port,
      ),
    ),
  };
}

function tunnelOfEnvironment(env: NonNullable<ProxyAddressOptions['env']>): Required<Address> | undefined {
  const value = env[TUNNEL_VARIABLE];
  if (!value) return undefined;
  try {
    return withPort(parse(value), PORTS.tunnel);
  } catch (cause) {
    throw new TeleportError('bad_parameter', `the environment variable ${TUNNEL_VARIABLE} is not an address`, {
      hint: 'write host:port, such as teleport.example.com:3024',
      cause,
    });
  }
}

function read(name: string, address: string | undefined, askedHost: string): Address | undefined {
  if (address === undefined) return undefined;
  try {
    const { host, port } = parse(address);
    // Where a server listens is not always where a client can go.
    const isAny = host === '0.0.0.0' || host === '::';
    return { host: isAny ? askedHost : host, ...(port !== undefined && { port }) };
  } catch (cause) {
    throw new TeleportError('connection_problem', `the proxy names an address that is none (${name})`, {
      retryable: false,
      hint: 'its administrator finds it in the configuration of the proxy service',
      cause,
    });
  }
}

/** With or without a scheme; a port alone is one of all addresses. */
function parse(text: string): Address {
  const bare = text.replace(/^(?:tcp|https?):\/\//, '').replace(/^([^/]*)\/.*$/, '$1');
  return parseAddress(bare.startsWith(':') && /^:\d+$/.test(bare) ? `0.0.0.0${bare}` : bare);
}

function withPort({ host, port }: Address, otherwise: number): Required<Address> {
  return { host, port: port ?? otherwise };
}

const format = ({ host, port }: Required<Address>): string => formatAddress(host, port);
