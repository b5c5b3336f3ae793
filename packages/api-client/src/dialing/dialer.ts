import { checkServerVersion, isTeleportError, TeleportError, toMethodDefinition } from '@teleport-ts/api-types';
import { CallLimit } from '../calls/call-limit.ts';
import { PingDefinition, type ServerInfo, serverInfo } from '../calls/ping.ts';
import { unaryCall } from '../calls/unary.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import type { Logger } from '../logger.ts';
import { findAt } from '../web/find.ts';
import type { FindAnswer } from '../web/proxy-answers.ts';
import type { WebOptions } from '../web/web-request.ts';
import { type Address, formatAddress } from './address.ts';
import { Connection } from './connection.ts';
import type { DialAttempt, DialMethod, DialStage } from './dial-attempt.ts';
import { type Route, route } from './route.ts';
import { type Scope, scope } from './scope.ts';
import { unexplainedClose } from './unexplained-close.ts';

const PROXY_PORT = 443;
const AUTH_PORT = 3025;

/** An attempt has its own limit. */
const unlimited = new CallLimit(0, systemClock);
const ping = toMethodDefinition(PingDefinition, 'ping');

/** What all attempts of one `connect` share. */
export interface DialOptions {
  readonly source: CredentialSource;
  readonly cluster?: string;
  readonly web: Pick<WebOptions, 'webCa' | 'insecure'>;
  readonly checkVersion: boolean;
  readonly userAgent: string;
  readonly attemptMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An attempt that worked. */
export interface Dialed {
  readonly connection: Connection;
  readonly server: ServerInfo;
}

/** Makes single attempts, and keeps a record of those that failed. */
export class Dialer {
  readonly failed: DialAttempt[] = [];
  readonly #options: DialOptions;

  constructor(options: DialOptions) {
    this.#options = options;
  }

  /** Whether a proxy answers at this address, and what it says; undefined when none does. */
  async find(address: Address, signal: AbortSignal): Promise<FindAnswer | undefined> {
    const at = formatAddress(address.host, address.port ?? PROXY_PORT);
    return this.#attempt('find', at, signal, async (limit, reached) => {
      const { web, attemptMs } = this.#options;
      return findAt(at, { ...web, signal: limit.signal, timeoutMs: attemptMs }, reached);
    });
  }

  /** Dials an auth service itself. */
  auth(address: Address, signal: AbortSignal): Promise<Dialed | undefined> {
    const { source, clock } = this.#options;
    const port = address.port ?? AUTH_PORT;
    return this.#dial(route({ method: 'auth', host: address.host, port, source, clock }), signal);
  }

  /** Dials an auth service through a proxy's web address. */
  proxy(address: Address, found: FindAnswer, signal: AbortSignal): Promise<Dialed | undefined> {
    const { source, clock, cluster = found.clusterName } = this.#options;
    const port = address.port ?? PROXY_PORT;
    return this.#dial(
      route({ method: 'tls-routing', host: address.host, port, source, clock, cluster }),
      signal,
      found,
    );
  }

  #dial(way: Route, signal: AbortSignal, found?: FindAnswer): Promise<Dialed | undefined> {
    const { attemptMs, userAgent, cluster } = this.#options;
    return this.#attempt(way.method, way.address, signal, async (limit, reached) => {
      if (found) {
        reached('http');
        this.#checkVersion(found.serverVersion, found.minClientVersion);
      }
      const connection = new Connection(way, { userAgent, connectMs: attemptMs });
      try {
        const server = serverInfo(await unaryCall(connection, ping, {}, unlimited, { signal: limit.signal }));
        this.#checkVersion(server.version);
        if (cluster !== undefined && server.clusterName !== cluster) throw wrongCluster(way, server, cluster);
        return { connection, server };
      } catch (error) {
        const { stage, used } = connection;
        reached(stage);
        await connection.close(0);
        // What the connection failed of, not the ping that it failed for.
        if (isTeleportError(error) && isTeleportError(error.cause)) throw error.cause;
        const cut = stage === 'rpc' && isTeleportError(error, 'connection_problem') && error.hint === undefined;
        throw cut && used ? unexplainedClose({ address: way.address, used, cause: error }) : error;
      }
    });
  }

  #checkVersion(serverVersion: string, minClientVersion?: string): void {
    if (this.#options.checkVersion) checkServerVersion({ serverVersion, minClientVersion });
  }

  /** Runs one attempt within its limit. One that fails is recorded; one that was called off is not. */
  async #attempt<T>(
    method: DialMethod,
    address: string,
    signal: AbortSignal,
    run: (limit: Scope, reached: (stage: DialStage) => void) => Promise<T>,
  ): Promise<T | undefined> {
    if (signal.aborted) return undefined;
    const { clock, attemptMs, logger } = this.#options;
    const started = performance.now();
    const limit = scope(clock, attemptMs, signal);
    let stage: DialStage = 'dns';
    try {
      return await run(limit, (reached) => {
        stage = reached;
      });
    } catch (cause) {
      if (signal.aborted) return undefined;
      const durationMs = performance.now() - started;
      const error = attemptError(cause, limit, address, attemptMs);
      this.failed.push({ method, address, stage, error, durationMs });
      logger.debug({ method, address, stage, code: error.code, durationMs }, error.message);
      return undefined;
    } finally {
      limit.end();
    }
  }
}

function attemptError(cause: unknown, limit: Scope, address: string, attemptMs: number): TeleportError {
  if (limit.timedOut) {
    return new TeleportError('timeout', `${address} gave no answer within ${attemptMs} ms`, {
      cause,
      hint: 'is there a route to it? Does a firewall drop packets?',
    });
  }
  if (isTeleportError(cause)) return cause;
  return new TeleportError('unknown', cause instanceof Error ? cause.message : String(cause), { cause });
}

function wrongCluster(way: Route, server: ServerInfo, cluster: string): TeleportError {
  return new TeleportError('not_found', `${way.address} serves the cluster ${server.clusterName}, not ${cluster}`, {
    hint: 'a leaf cluster is reached through the web address of its root’s proxy',
  });
}
