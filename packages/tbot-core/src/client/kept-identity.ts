import type { Agent, AgentOptions } from 'node:https';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { TeleportError } from '@teleport-ts/api-types';
import { systemClock } from '../clock.ts';
import type { CallOptions, DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Identity } from '../identity.ts';
import type { IdentityAgent } from './identity-agent.ts';
import { type KeepingTime, keepRenewing } from './keep-renewing.ts';

/** What {@link keepIdentity} takes; `signal` and `timeoutMs` are for the first credential. */
export interface KeepIdentityOptions extends CallOptions, KeepingTime {
  /**
   * What else TLS should know: `ca`, where the server's certificate is not from one of Node's own authorities, `minVersion`, …
   * A function is asked with each new credential, whose `authorities` follow the cluster's rotations.
   */
  readonly tls?: SecureContextOptions | ((identity: Identity) => SecureContextOptions);
}

/** The parts of Node that only a program with TLS needs. */
interface TlsParts {
  readonly createSecureContext: (options: SecureContextOptions) => SecureContext;
  readonly IdentityAgent: typeof IdentityAgent;
}

/**
 * A credential that renews itself under those who use it; {@link keepIdentity} makes one. New connections use the newest
 * credential, open ones live on. It does not keep the process alive.
 */
export class KeptIdentity implements AsyncDisposable {
  readonly #host: DestinationHost;
  readonly #options: KeepIdentityOptions;
  readonly #parts: TlsParts;
  readonly #closing = new AbortController();
  readonly #agents = new Set<IdentityAgent>();
  readonly #listeners = new Set<(identity: Identity) => void>();
  readonly #renewing: Promise<void>;
  #identity: Identity;
  #context: SecureContext | undefined;
  #failure: TeleportError | undefined;

  /** @internal */
  constructor(
    host: DestinationHost,
    request: IdentityRequest,
    first: Identity,
    parts: TlsParts,
    options: KeepIdentityOptions,
  ) {
    this.#host = host;
    this.#options = options;
    this.#parts = parts;
    this.#identity = first;
    this.#renewing = keepRenewing(host, request, {
      held: first,
      clock: options.clock,
      random: options.random,
      signal: this.#closing.signal,
      onIdentity: (identity) => this.#take(identity),
      onFailure: (error) => this.#note(error),
    });
  }

  /**
   * The newest credential.
   *
   * @throws TeleportError `expired` when it has ended and no other could be had; it is still tried
   */
  get current(): Identity {
    const { clock = systemClock } = this.#options;
    const { expires } = this.#identity;
    if (expires.getTime() > clock.now()) return this.#identity;
    const why = this.#failure ? `: ${this.#failure.message}` : '';
    throw new TeleportError('expired', `the credential ended at ${expires.toISOString()} and was not renewed${why}`, {
      retryable: true,
      ...(this.#failure && { cause: this.#failure }),
    });
  }

  /** The last failure of a renewal; undefined after a success. */
  get failure(): TeleportError | undefined {
    return this.#failure;
  }

  /** The newest credential for `tls.connect({ secureContext })`; ask again for each connection. Throws as `current`. */
  get secureContext(): SecureContext {
    const { current } = this;
    const { tlsCertificate: cert, privateKeyPem: key } = current;
    this.#context ??= this.#parts.createSecureContext({
      ...this.#tls(current),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
    return this.#context;
  }

  /**
   * An agent for `https.request` whose connections use the credential that is newest when they are made. Idle connections of
   * an older one are dropped. TLS sessions are not resumed: a server would see the old certificate.
   *
   * @param options as Node's, `keepAlive` being true unless said otherwise
   */
  agent(options: AgentOptions = {}): Agent {
    const credential = { identity: () => this.current, tls: (identity: Identity) => this.#tls(identity) };
    const agent = new this.#parts.IdentityAgent(credential, options);
    this.#agents.add(agent);
    return agent;
  }

  /** Calls `listener` with each new credential, until what it returns is called. */
  onRenewal(listener: (identity: Identity) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the renewal, and connections as they become idle. The host stays open. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort(new TeleportError('canceled', 'the kept credential has been closed'));
    for (const agent of this.#agents) agent.retire();
    await this.#renewing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #tls(identity: Identity): SecureContextOptions {
    const { tls = {} } = this.#options;
    return typeof tls === 'function' ? tls(identity) : tls;
  }

  #take(identity: Identity): void {
    this.#identity = identity;
    this.#context = undefined;
    this.#failure = undefined;
    for (const agent of this.#agents) agent.dropIdle();
    for (const listener of this.#listeners) {
      try {
        listener(identity);
      } catch (error) {
        this.#host.logger.error({ error: String(error) }, 'a listener of a kept credential failed');
      }
    }
  }

  #note(error: TeleportError): void {
    this.#failure = error;
    const { expires } = this.#identity;
    const { clock = systemClock } = this.#options;
    if (expires.getTime() <= clock.now()) for (const agent of this.#agents) agent.dropIdle();
    this.#host.logger.warn(
      { error: error.message, code: error.code, expires },
      'a kept credential could not be renewed',
    );
  }
}

/**
 * Gets a credential and keeps it fresh: a new one, with a fresh key, comes before each ends and soon after a rotation of the
 * cluster's authorities.
 *
 * @example
 * const host = new SocketHost({ socket: '/run/tbot/ci.sock' });
 * const grafana = await keepIdentity(host, { kind: 'application', name: 'grafana' });
 * https.get('https://grafana.example.com/', { agent: grafana.agent() }, (answer) => answer.pipe(process.stdout));
 *
 * @throws TeleportError when there is no first credential, see `DestinationHost.generateIdentity`; `bad_parameter` for a request
 * with keys of one's own
 */
export async function keepIdentity(
  host: DestinationHost,
  request: IdentityRequest,
  options: KeepIdentityOptions = {},
): Promise<KeptIdentity> {
  if (request.keys) {
    throw new TeleportError(
      'bad_parameter',
      'a kept credential has a fresh key each time, so it takes no public keys',
      {
        hint: 'leave out `keys`, or use `watchIdentity`',
      },
    );
  }
  const { signal, timeoutMs } = options;
  const [first, { createSecureContext }, { IdentityAgent }] = await Promise.all([
    host.generateIdentity(request, { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }),
    import('node:tls'),
    import('./identity-agent.ts'),
  ]);
  return new KeptIdentity(host, request, first, { createSecureContext, IdentityAgent }, options);
}
