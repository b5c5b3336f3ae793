import type { KeyObject } from 'node:crypto';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { privateKeyPem } from '@teleport-ts/api-types';
import { authenticate, type VerifiedPeer } from '../access/authenticate.ts';
import type { ServerIdentity } from '../auth/auth-listener.ts';
import type { ClientAuthority } from '../auth/client-certificate.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { issueHostTlsCertificate } from '../pki/tls-certificate.ts';
import { localNames } from '../pki/web-certificate.ts';
import { RpcServer, type RpcServerOptions } from '../rpc/rpc-server.ts';
import { joinService } from '../services/join-service.ts';
import { transportService } from '../services/transport-service.ts';
import { foreignClientAuthorities } from '../trust/foreign-authorities.ts';
import type { AppForwarder } from './app-access.ts';
import { ConnectionUpgrade, decideUpgrade, isUpgradePath } from './connection-upgrade.ts';
import type { IdentityTokens } from './identity-token.ts';
import { ProxyListener } from './proxy-listener.ts';
import { SocketPairs } from './socket-pairs.ts';
import { TransportListener } from './transport-listener.ts';
import { WebApi } from './web-api.ts';
import { WebListener } from './web-listener.ts';

export interface ProxyServiceOptions {
  readonly context: ClusterContext;
  readonly tokens: IdentityTokens;
  readonly forwarder: AppForwarder;
  readonly rpc: Omit<RpcServerOptions, 'services' | 'refusesOldClients'>;
  /** Takes over a connection to this cluster's auth service, from its first byte on. */
  readonly acceptAuth: (socket: Socket) => void;
  /** The address that is bound. */
  readonly host: string;
  /** Whether the web port speaks plain HTTP. */
  readonly insecureNoTls: boolean;
  /** Of what is shown to those who know the cluster's authority. */
  readonly key: KeyObject;
}

/** No inner handshake within this time, and an upgraded connection is closed. */
const INNER_HELLO_TIMEOUT_MS = 15_000;
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/** The proxy: what it serves itself, and what it hands on. */
export class ProxyService {
  readonly #options: ProxyServiceOptions;
  readonly #joinRpc: RpcServer;
  readonly #transportRpc: RpcServer;
  readonly #web: WebListener;
  /** The same inside an upgraded connection, where the cluster's authority is what is trusted. */
  readonly #innerWeb: WebListener;
  readonly #transport: TransportListener;
  readonly #port: ProxyListener;
  readonly #innerPort: ProxyListener;
  readonly #sshPort: ProxyListener;
  readonly #tunnelPort: ProxyListener;
  readonly #pairs = new SocketPairs();
  readonly #upgrade: ConnectionUpgrade;
  readonly #api: WebApi;
  readonly #endRotation: () => void;

  constructor(options: ProxyServiceOptions) {
    this.#options = options;
    const { context, tokens, rpc } = options;
    const { state, authorities, clock, logger } = context;
    this.#api = new WebApi(context, tokens);
    this.#joinRpc = new RpcServer({ ...rpc, services: [joinService(context)], refusesOldClients: false });
    this.#transportRpc = new RpcServer({
      ...rpc,
      services: [transportService(context, (cluster) => this.#dialAuth(cluster))],
      refusesOldClients: false,
    });
    const common = { clock, logger };
    const web = {
      ...common,
      authorities: (): ClientAuthority[] => [...authorities.forClients(), ...foreignClientAuthorities(state)],
      handle: (peer: VerifiedPeer | undefined, request: IncomingMessage, response: ServerResponse) =>
        this.#handle(peer, request, response),
      upgrade: (peer: VerifiedPeer | undefined, request: IncomingMessage, socket: Duplex, head: Buffer) =>
        this.#handleUpgrade(peer, request, socket, head),
      join: (socket: TLSSocket) =>
        this.#joinRpc.serve({
          socket,
          authenticate: () => authenticate(state, undefined, socket.remoteAddress ?? ''),
        }),
    };
    const identity = this.#hostIdentity();
    this.#web = new WebListener({ ...web, identity: authorities.web.issue(this.#webNames()) });
    this.#innerWeb = new WebListener({ ...web, identity });
    this.#transport = new TransportListener({
      ...common,
      identity,
      rpc: this.#transportRpc,
      authorities: () => authorities.forClients(),
    });
    const targets = {
      auth: (cluster: string) => this.#authOf(cluster),
      transport: (socket: Socket) => this.#transport.accept(socket),
    };
    const outer = { ...common, targets: { ...targets, web: (socket: Socket) => this.#web.accept(socket) } };
    this.#port = new ProxyListener(outer);
    this.#sshPort = new ProxyListener({ ...outer, route: () => ({ to: 'transport' }) });
    this.#tunnelPort = new ProxyListener({ ...outer, route: () => ({ to: 'web' }) });
    this.#innerPort = new ProxyListener({
      ...common,
      targets: { ...targets, web: (socket) => this.#innerWeb.accept(socket) },
      helloTimeoutMs: INNER_HELLO_TIMEOUT_MS,
    });
    this.#upgrade = new ConnectionUpgrade({
      ...common,
      pairs: this.#pairs,
      // Without TLS around it, what is inside is never answered; neither does the real one.
      accept: (socket) => (options.insecureNoTls ? socket.resume() : this.#innerPort.accept(socket)),
    });
    this.#endRotation = authorities.subscribe((type) => {
      if (type === 'host') this.#renewHostIdentity();
    });
  }

  async start(): Promise<void> {
    await this.#pairs.listen();
  }

  /** Takes over a connection to the web port, from its first byte on. */
  accept(socket: Socket): void {
    this.#port.accept(socket);
  }

  /** Takes over a connection to the web port that speaks HTTP without TLS. */
  acceptPlain(socket: Socket): void {
    this.#web.acceptPlain(socket);
  }

  /** Takes over a connection to the port for SSH, of which nothing is served but gRPC. */
  acceptSsh(socket: Socket): void {
    this.#sshPort.accept(socket);
  }

  /** Takes over a connection to the port for tunnels, where no tunnel is served but HTTPS. */
  acceptTunnel(socket: Socket): void {
    this.#tunnelPort.accept(socket);
  }

  /** Makes certificates that cover applications that have come since the last ones. */
  renewWebCertificate(): void {
    this.#web.setIdentity(this.#options.context.authorities.web.issue(this.#webNames()));
    this.#renewHostIdentity();
  }

  async close(): Promise<void> {
    this.#endRotation();
    this.#joinRpc.close();
    this.#transportRpc.close();
    this.#web.close();
    this.#innerWeb.close();
    await this.#pairs.close();
  }

  #handle(peer: VerifiedPeer | undefined, request: IncomingMessage, response: ServerResponse): void {
    if (peer) this.#options.forwarder.handle(peer, request, response);
    else this.#api.handle(request, response).catch(() => response.destroy());
  }

  /** Node takes every request with an `Upgrade` header for one, whether somebody here upgrades it or not. */
  #handleUpgrade(peer: VerifiedPeer | undefined, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const decision = !peer && isUpgradePath(request) ? decideUpgrade(request) : undefined;
    if (decision?.status === 101) {
      this.#upgrade.start(decision, socket, head);
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    this.#handle(peer, request, response);
  }

  #authOf(cluster: string): ((socket: Socket) => void) | undefined {
    const { context, acceptAuth } = this.#options;
    return cluster === context.state.name ? acceptAuth : context.leaf(cluster)?.acceptAuth;
  }

  async #dialAuth(cluster: string): Promise<Socket | undefined> {
    const accept = this.#authOf(cluster);
    if (!accept) return undefined;
    const [near, far] = await this.#pairs.open();
    accept(far);
    return near;
  }

  #renewHostIdentity(): void {
    const identity = this.#hostIdentity();
    this.#innerWeb.setIdentity(identity);
    this.#transport.setIdentity(identity);
  }

  #hostIdentity(): ServerIdentity {
    const { context, key } = this.#options;
    const { state, authorities } = context;
    const { hostId } = state.facts;
    const cert = issueHostTlsCertificate(authorities.serving('host'), {
      publicKey: key,
      hostId,
      role: 'Proxy',
      additionalPrincipals: [...new Set(['dev-cluster', hostId, ...this.#webNames()])],
    });
    return { key: privateKeyPem(key), cert };
  }

  #webNames(): string[] {
    const { context, host } = this.#options;
    const apps = context.state.appServers.values().map((server) => server.Spec?.App?.Spec?.PublicAddr ?? '');
    return [...localNames, ...[host, ...apps].filter((name) => !WILDCARDS.has(name))];
  }
}
