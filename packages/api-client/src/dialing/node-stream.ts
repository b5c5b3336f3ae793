import type { Duplex } from 'node:stream';
import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { type Clock, systemClock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { packageVersion } from '../package-version.ts';
import type { WebOptions } from '../web/web-request.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { DialError } from './dial-failure.ts';
import { httpProxyFor } from './http-proxy.ts';
import { PROXY_SSH, ProxiedConnection } from './proxied-connection.ts';
import { proxyGrpcRoute } from './proxy-grpc-route.ts';
import { openProxySession } from './proxy-session.ts';
import { type Scope, scope } from './scope.ts';

const WEB_PORT = 443;
const SSH_PORT = 3023;
const CONNECT_MS = 30_000;
const UPGRADE_TEST_MS = 5_000;

/** What {@link openNodeStream} takes. */
export interface NodeStreamOptions {
  /**
   * `host:port` of the proxy: its web address, or its SSH address where `tlsRouting` is false. Without a port 443, or 3023.
   */
  readonly proxy: string;
  /** Any user certificate of the proxy's cluster. */
  readonly credentials: CredentialSource;
  /** Name or host id of the node, without the name of its cluster behind it. */
  readonly host: string;
  /** Port of the node, which must be its own; 0 is whichever it has. Default 0. */
  readonly port?: number;
  /** The node's cluster: the proxy's own or a leaf. Default: the credential's. */
  readonly cluster?: string;
  /** Whether all protocols share the proxy's web port. Default: the proxy is asked. */
  readonly tlsRouting?: boolean;
  /**
   * Whether the connection must be upgraded, for load balancers that end TLS; without TLS routing it means nothing. Default:
   * found out, as for a client's connections.
   */
  readonly connectionUpgrade?: boolean;
  readonly trust?: {
    /** CA certificates (PEM) of the proxy's web certificate, besides Node's own list and NODE_EXTRA_CA_CERTS. */
    readonly webCa?: readonly string[];
    /** Ask or upgrade without checking the web certificate. What is inside stays checked. Default false. */
    readonly insecureDiscovery?: boolean;
  };
  /** Goes first in the user agent, `my-program/1.2`. */
  readonly userAgent?: string;
  /** Longest time until the node is reached, in milliseconds. Default 30 seconds. */
  readonly timeoutMs?: number;
  /** Gives up connecting. Has no effect on a connected stream. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * A byte stream to the SSH port of a node, through a proxy (`teleport.transport.v1.TransportService/ProxySSH`). SSH is
 * spoken inside by whoever reads and writes it, such as OpenSSH with a ProxyCommand. The proxy does not tell the node that
 * the writing side has ended: who wants to end the connection destroys the stream.
 *
 * ```ts
 * const credentials = loadIdentityFile('/opt/machine-id/identity');
 * const stream = await openNodeStream({ proxy: 'teleport.example.com:443', credentials, host: 'web-1' });
 * process.stdin.pipe(stream).pipe(process.stdout);
 * ```
 *
 * @throws TeleportError `not_found` for a node or a cluster that is unknown to the proxy, `access_denied`, `expired`,
 * `connection_problem`, `timeout`; the signal's reason, when it was aborted
 */
export async function openNodeStream(options: NodeStreamOptions): Promise<Duplex> {
  const { signal, timeoutMs = CONNECT_MS, clock = systemClock } = options;
  const limit = scope(clock, timeoutMs, signal);
  try {
    return await open(options, limit, timeoutMs);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (limit.timedOut && !isTeleportError(error)) {
      const message = `${options.proxy} did not connect to ${options.host} within ${timeoutMs} ms`;
      throw new TeleportError('timeout', message, { retryable: true });
    }
    throw error instanceof DialError ? error.failure.error : error;
  } finally {
    limit.end();
  }
}

async function open(options: NodeStreamOptions, limit: Scope, connectMs: number): Promise<Duplex> {
  const { credentials: source, host, port = 0, trust, userAgent, clock = systemClock } = options;
  const web = { ...(trust?.webCa && { webCa: trust.webCa }), insecure: trust?.insecureDiscovery ?? false };
  const [{ address, isUpgraded }, credential] = await Promise.all([
    addressOf(options, web, limit.signal),
    source.current({ signal: limit.signal }),
  ]);
  const cluster = options.cluster ?? credential.cluster ?? '';
  const way = proxyGrpcRoute(address, { source, clock, ...(isUpgraded && { upgrade: web }) });
  const session = await openProxySession(way, { connectMs, signal: limit.signal, clock });
  const connection = new ProxiedConnection(session, {
    hostPort: formatAddress(host, port),
    cluster,
    userAgent: [userAgent, `teleport-ts/${packageVersion()}`].filter(Boolean).join(' '),
  });
  await answered(connection, { host, cluster }, limit.signal);
  return connection;
}

/** Where the proxy's gRPC service is, and whether the way to it is an upgraded connection. */
async function addressOf(
  { proxy, tlsRouting, connectionUpgrade, timeoutMs = CONNECT_MS }: NodeStreamOptions,
  web: Pick<WebOptions, 'webCa' | 'insecure'>,
  signal: AbortSignal,
): Promise<{ readonly address: Required<Address>; readonly isUpgraded: boolean }> {
  const { host, port } = parseAddress(proxy);
  if (tlsRouting === false) return { address: { host, port: port ?? SSH_PORT }, isUpgraded: false };
  const asked = { host, port: port ?? WEB_PORT };
  if (tlsRouting === undefined) {
    const [{ find }, { proxyGrpcAddress }] = await Promise.all([
      import('../web/find.ts'),
      import('./proxy-grpc-address.ts'),
    ]);
    const found = await find(formatAddress(asked.host, asked.port), { ...web, signal, timeoutMs });
    if (!found.proxy.tlsRoutingEnabled) {
      return { address: proxyGrpcAddress(found.proxy, asked), isUpgraded: false };
    }
  }
  return { address: asked, isUpgraded: connectionUpgrade ?? (await isUpgradeNeeded(asked, signal)) };
}

async function isUpgradeNeeded({ host, port }: Required<Address>, signal: AbortSignal): Promise<boolean> {
  const { needsUpgrade, upgradeByEnvironment } = await import('./upgrade-test.ts');
  const said = upgradeByEnvironment(formatAddress(host, port));
  if (said !== undefined) return said;
  const limit = scope(systemClock, UPGRADE_TEST_MS, signal);
  try {
    return await needsUpgrade({ host, port, proxy: httpProxyFor(host, port) }, limit.signal);
  } finally {
    limit.end();
  }
}

/** The proxy's first message says that the node is reached. */
function answered(
  stream: ProxiedConnection,
  target: { readonly host: string; readonly cluster: string },
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      stream.off('answer', onAnswer).off('error', onError).off('over', onOver);
      finish();
    };
    const fail = (error: unknown): void => {
      settle(() => reject(error));
      stream.on('error', () => {}).destroy();
    };
    const onAnswer = (): void => settle(resolve);
    const onError = (error: unknown): void => fail(nodeFailure(error, target));
    const onOver = (): void => fail(new TeleportError('connection_problem', `${target.host} cut the connection`));
    const onAbort = (): void => fail(signal.reason);
    stream.once('answer', onAnswer).once('error', onError).once('over', onOver);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Teleport says "unavailable" of a node that there is not. */
function nodeFailure(error: unknown, { host, cluster }: { readonly host: string; readonly cluster: string }): unknown {
  const cause = error instanceof DialError ? error.failure.error : error;
  if (!isTeleportError(cause) || !/not found in inventory|direct dialing/i.test(cause.message)) return cause;
  const message = `there is no node ${JSON.stringify(host)} in cluster ${cluster}`;
  const hint = 'is it spelt as `tsh ls` shows it, without the cluster, and is the port its own?';
  return new TeleportError('not_found', message, { rpc: PROXY_SSH, cause, hint, retryable: false });
}
