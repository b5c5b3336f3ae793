import { checkServerVersion, isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { ServerInfo } from '../calls/ping.ts';
import type { Clock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import type { Logger } from '../logger.ts';
import type { StatusHub } from '../status/status-hub.ts';
import { findAt } from '../web/find.ts';
import type { FindAnswer } from '../web/proxy-answers.ts';
import type { WebOptions } from '../web/web-request.ts';
import { type Address, formatAddress } from './address.ts';
import { AttemptRecord } from './attempt-record.ts';
import { Connection } from './connection.ts';
import type { CustomDialer, DialStrategy } from './custom-dialer.ts';
import type { DialAttempt } from './dial-attempt.ts';
import type { DialMemory } from './dial-memory.ts';
import { firstPing } from './first-ping.ts';
import { httpProxyFor } from './http-proxy.ts';
import { refusedAtLeaf } from './leaf-refusal.ts';
import { scope } from './scope.ts';
import { unexplainedClose } from './unexplained-close.ts';
import { needsUpgrade, upgradeByEnvironment } from './upgrade-test.ts';
import { routeBy, type Way, type WayOptions } from './way.ts';

const PROXY_PORT = 443;
const UPGRADE_TEST_MS = 5_000;

/** What all dials of one client share. */
export interface DialOptions {
  /** Where to dial. */
  readonly addresses: readonly Address[];
  readonly source: CredentialSource;
  /** The cluster to reach; default: the one that is there. */
  readonly cluster?: string | undefined;
  readonly web: Pick<WebOptions, 'webCa' | 'insecure'>;
  readonly checkVersion: boolean;
  /** The package that a user should install another version of, for hints. */
  readonly packageName?: string | undefined;
  readonly userAgent: string;
  /** Longest time for one attempt, in milliseconds. */
  readonly attemptMs: number;
  readonly strategy?: DialStrategy | undefined;
  /** The caller's own way. */
  readonly dial?: CustomDialer | undefined;
  readonly memory: DialMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each attempt. */
  readonly status?: StatusHub | undefined;
}

/** An attempt that worked. */
export interface Dialed {
  readonly connection: Connection;
  readonly server: ServerInfo;
}

/** The attempts of one dial, and the record of those that failed. */
export class Dialer {
  readonly options: DialOptions;
  readonly #record: AttemptRecord;
  readonly #ways: WayOptions;
  readonly #tried = new Set<string>();

  constructor(options: DialOptions) {
    this.options = options;
    this.#record = new AttemptRecord(options);
    const { source, clock, web, dial, userAgent, attemptMs } = options;
    this.#ways = { source, clock, web, dial, connection: { userAgent, connectMs: attemptMs } };
  }

  get failed(): readonly DialAttempt[] {
    return this.#record.failed;
  }

  /** Whether a proxy answers at this address, and what it says; undefined when none does. */
  async find(address: Address, signal: AbortSignal): Promise<FindAnswer | undefined> {
    const { web, attemptMs, memory } = this.options;
    const known = memory.found(address);
    if (known) return known;
    const at = formatAddress(address.host, address.port ?? PROXY_PORT);
    const found = await this.#record.attempt({ method: 'find', address: at }, signal, (limit, reached) =>
      findAt(at, { ...web, signal: limit.signal, timeoutMs: attemptMs }, reached),
    );
    if (found) memory.keepFound(address, found);
    return found;
  }

  /** Whether connections to a proxy's web address must be upgraded, as far as that can be told. */
  async needsUpgrade({ host, port = PROXY_PORT }: Address, signal: AbortSignal): Promise<boolean> {
    const said = upgradeByEnvironment(formatAddress(host, port));
    if (said !== undefined || signal.aborted) return said ?? false;
    const limit = scope(this.options.clock, UPGRADE_TEST_MS, signal);
    try {
      return await needsUpgrade({ host, port, proxy: httpProxyFor(host, port) }, limit.signal);
    } finally {
      limit.end();
    }
  }

  /**
   * Dials one way. Undefined when that failed, when it has failed before in this dial, or when it was called off.
   *
   * @param found what the proxy says of itself, if there is one and it was asked
   */
  async dial(way: Way, signal: AbortSignal, found?: FindAnswer): Promise<Dialed | undefined> {
    const { method, host, port } = way;
    const address = formatAddress(host, port);
    const key = `${method} ${address}`;
    if (this.#tried.has(key) || this.isRefused) return undefined;
    const { status, logger } = this.options;
    const dialed = await this.#record.attempt({ method, address }, signal, async (limit, reached) => {
      status?.emit({ type: 'connecting', method, address, attempt: this.failed.length + 1 });
      if (found) {
        reached('http');
        this.#checkVersion(found.serverVersion, found.minClientVersion);
      }
      const wanted = this.options.cluster ?? found?.clusterName ?? way.cluster;
      const known = method === 'dialer' && wanted === undefined ? await this.#ownCluster(limit.signal) : wanted;
      return this.#connect(way, known, limit.signal, reached);
    });
    if (dialed) logger.debug({ method, address, server: dialed.server }, 'connected');
    else if (!signal.aborted) this.#tried.add(key);
    return dialed;
  }

  /** Whether the auth service itself has denied the caller: no other way leads to another answer. */
  get isRefused(): boolean {
    return this.failed.some(({ stage, error }) => stage === 'rpc' && isTeleportError(error, 'access_denied'));
  }

  /** Whether a direct dial met the SSH port of a proxy: its gRPC service answers there, but knows no auth service. */
  isProxyGrpc({ host, port }: Way): boolean {
    const address = formatAddress(host, port);
    return this.failed.some(
      (attempt) =>
        attempt.method === 'auth' && attempt.address === address && isTeleportError(attempt.error, 'not_implemented'),
    );
  }

  async #connect(
    way: Way,
    cluster: string | undefined,
    signal: AbortSignal,
    reached: (stage: DialAttempt['stage']) => void,
  ): Promise<Dialed> {
    const route = routeBy(way, cluster, this.#ways);
    const connection = new Connection(route, this.#ways.connection);
    try {
      const server = await firstPing(connection, signal);
      this.#checkVersion(server.version);
      const wanted = this.options.cluster;
      if (wanted !== undefined && server.clusterName !== wanted) throw wrongCluster(route.address, server, wanted);
      return { connection, server };
    } catch (error) {
      const { stage, used } = connection;
      reached(stage);
      await connection.close(0);
      // What the connection failed of, not the ping that it failed for.
      if (isTeleportError(error) && isTeleportError(error.cause)) throw error.cause;
      if (!used || !isTeleportError(error)) throw error;
      const isCut = stage === 'rpc' && isTeleportError(error, 'connection_problem') && error.hint === undefined;
      if (isCut) throw unexplainedClose({ address: route.address, used, cause: error });
      throw refusedAtLeaf(error, cluster, used) ?? error;
    }
  }

  async #ownCluster(signal: AbortSignal): Promise<string | undefined> {
    return (await this.options.source.current({ signal })).cluster;
  }

  #checkVersion(serverVersion: string, minClientVersion?: string): void {
    const { checkVersion, packageName } = this.options;
    if (checkVersion) checkServerVersion({ serverVersion, minClientVersion, packageName });
  }
}

function wrongCluster(address: string, server: ServerInfo, cluster: string): TeleportError {
  return new TeleportError('not_found', `${address} serves the cluster ${server.clusterName}, not ${cluster}`, {
    hint: 'a leaf cluster is reached through the web address of its root’s proxy',
  });
}
