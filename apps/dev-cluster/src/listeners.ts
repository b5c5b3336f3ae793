import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { keyAlgorithmFor, privateKeyPem } from '@teleport-ts/api-types';
import type { ClusterPorts } from './addresses.ts';
import { AuthListener, type ServerIdentity } from './auth/auth-listener.ts';
import type { AppAccess, ClusterContext, LeafDoor } from './cluster-context.ts';
import type { Gate } from './gate.ts';
import { makePrivateKeyInBackground } from './pki/key-pair.ts';
import { issueHostTlsCertificate } from './pki/tls-certificate.ts';
import { AppForwarder } from './proxy/app-access.ts';
import { DemoApplication } from './proxy/demo-application.ts';
import type { IdentityTokens } from './proxy/identity-token.ts';
import { ProxyService } from './proxy/proxy-service.ts';
import type { Faults } from './rpc/faults.ts';
import type { ReceivedCalls } from './rpc/received-calls.ts';
import { RpcServer } from './rpc/rpc-server.ts';
import { authServices } from './services/index.ts';
import { botOf } from './state/bots.ts';
import { foreignClientAuthorities } from './trust/foreign-authorities.ts';

export interface ListenersOptions {
  readonly context: ClusterContext;
  readonly tokens: IdentityTokens;
  readonly calls: ReceivedCalls;
  readonly faults: Faults;
  /** The address to bind. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly ports: ClusterPorts;
  /** Whether the proxy's web port speaks plain HTTP. */
  readonly insecureNoTls: boolean;
  readonly gate: Gate;
}

/** Everything of a cluster that holds a socket: the ports, what answers on them, and the demo application. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #demo: DemoApplication;
  readonly #rpc: RpcServer;
  readonly #forwarder: AppForwarder;
  readonly #servers: Readonly<Record<'auth' | 'proxy', Server> & Partial<Record<'ssh' | 'tunnel', Server>>>;
  readonly #auth: AuthListener;
  readonly #proxy: ProxyService;
  readonly #endRotation: () => void;

  private constructor(options: ListenersOptions, keys: { auth: KeyObject; proxy: KeyObject }) {
    const { context, calls, faults, tokens, gate, host } = options;
    const { state, authorities, clock, logger, serverVersion } = context;
    this.#options = options;
    const rpc = { serverVersion, calls, faults, clock, logger };
    this.#rpc = new RpcServer({
      ...rpc,
      services: authServices(context),
      guard: (method, caller, metadata) => context.secondFactors.check(method, caller, metadata),
      refusesOldClients: true,
    });
    this.#auth = new AuthListener({
      state,
      rpc: this.#rpc,
      identity: authIdentity(context, keys.auth),
      authorities: () => [...authorities.forClients(), ...foreignClientAuthorities(state)],
      clock,
      logger,
    });
    this.#endRotation = authorities.subscribe((type) => {
      if (type === 'host') this.#auth.setIdentity(authIdentity(context, keys.auth));
    });
    this.#demo = new DemoApplication((user) => botOf(state, state.users.get(user))?.metadata?.name);
    this.#forwarder = new AppForwarder(context, tokens, () => this.#demo.uri);
    this.#proxy = new ProxyService({
      context,
      tokens,
      forwarder: this.#forwarder,
      rpc,
      acceptAuth: (socket) => this.acceptAuth(socket),
      host,
      insecureNoTls: options.insecureNoTls,
      key: keys.proxy,
    });
    const served = (accept: (socket: Socket) => void): Server =>
      createServer({ noDelay: true }, (socket) => {
        if (gate.admit(socket)) accept(socket);
      });
    const proxy = this.#proxy;
    this.#servers = {
      auth: served((socket) => this.#auth.accept(socket)),
      proxy: served((socket) => (options.insecureNoTls ? proxy.acceptPlain(socket) : proxy.accept(socket))),
      ...(options.ports.ssh !== undefined && { ssh: served((socket) => proxy.acceptSsh(socket)) }),
      ...(options.ports.tunnel !== undefined && { tunnel: served((socket) => proxy.acceptTunnel(socket)) }),
    };
  }

  static async open(options: ListenersOptions): Promise<Listeners> {
    const { signatureSuite } = options.context.state.facts;
    const algorithm = keyAlgorithmFor(signatureSuite, 'host-identity');
    const [auth, proxy] = await Promise.all([
      makePrivateKeyInBackground(algorithm),
      makePrivateKeyInBackground(algorithm),
    ]);
    const listeners = new Listeners(options, { auth, proxy });
    try {
      await listeners.#demo.start();
      await listeners.#proxy.start();
      for (const [name, server] of Object.entries(listeners.#servers)) {
        await listen(server, options.host, options.ports[name as keyof ClusterPorts] ?? 0);
      }
      return listeners;
    } catch (error) {
      await listeners.close();
      throw error;
    }
  }

  get ports(): ClusterPorts {
    const { auth, proxy, ssh, tunnel } = this.#servers;
    return {
      auth: portOf(auth),
      proxy: portOf(proxy),
      ...(ssh && { ssh: portOf(ssh) }),
      ...(tunnel && { tunnel: portOf(tunnel) }),
    };
  }

  /** Takes over a connection to the auth service, from its first byte on. */
  acceptAuth(socket: Socket): void {
    if (this.#options.gate.admit(socket)) this.#auth.accept(socket);
  }

  /** Passes a request on to an application. */
  forward(access: AppAccess, request: IncomingMessage, response: ServerResponse): void {
    this.#forwarder.forward(access, request, response);
  }

  /** How another cluster's proxy gets in. */
  get door(): LeafDoor {
    return {
      context: this.#options.context,
      acceptAuth: (socket) => this.acceptAuth(socket),
      forward: (access, request, response) => this.forward(access, request, response),
    };
  }

  /** Makes a web certificate that covers applications that have come since the last one. */
  renewWebCertificate(): void {
    this.#proxy.renewWebCertificate();
  }

  async close(): Promise<void> {
    this.#endRotation();
    const closed = Object.values(this.#servers).map((server) => stopped(server));
    this.#rpc.close();
    const proxyClosed = this.#proxy.close();
    this.#auth.close();
    this.#options.gate.close();
    await Promise.all([...closed, proxyClosed, this.#demo.stop()]);
  }
}

function authIdentity({ state, authorities }: ClusterContext, key: KeyObject): ServerIdentity {
  const { hostId } = state.facts;
  const cert = issueHostTlsCertificate(authorities.serving('host'), {
    publicKey: key,
    hostId,
    role: 'Auth',
    additionalPrincipals: ['dev-cluster', hostId],
  });
  return { key: privateKeyPem(key), cert };
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stopped(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (server.listening) server.close(() => resolve());
    else resolve();
  });
}
