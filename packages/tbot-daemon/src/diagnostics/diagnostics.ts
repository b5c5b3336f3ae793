import {
  type Clock,
  type DiagAddress,
  generateKeyPair,
  type Logger,
  MIN_TTL_MS,
  type RunningBot,
} from '@teleport-ts/tbot-core';
import type { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import type { AuditFiles } from '../audit/audit-files.ts';
import type { AuditSink } from '../audit/audit-sink.ts';
import type { Decision } from '../service/socket-counters.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { type Answer, DiagnosticsServer } from './diagnostics-server.ts';
import { IssuanceProof } from './issuance-proof.ts';
import { Readiness } from './readiness.ts';

/** The name of the bot's own identity among the services. */
const BOT = 'bot-identity';

export interface DiagnosticsOptions {
  address: DiagAddress;
  version: string;
  /** Paths of the sockets that are going to be there. */
  sockets: readonly string[];
  status: () => GetStatusResponse;
  audits: Pick<AuditFiles, 'heads'>;
  /** @throws TeleportError while there is no bot that can issue */
  bot: () => Pick<RunningBot, 'generateIdentity' | 'status'>;
  clock: Clock;
  logger: Logger;
}

/** What is looked at to call a socket ready. */
export interface ReadySocket {
  path: string;
  /** The upper limit of its callers; empty: all that the bot may impersonate. */
  roles: readonly string[];
  audit: Pick<AuditSink, 'ready'>;
  /** Whether callers can find it. */
  isReachable: () => Promise<boolean>;
}

/**
 * `/metrics`, `/livez` and `/readyz` of an agent. Ready is a socket that callers can reach, whose audit file can be
 * written, and for whose roles the cluster has just issued a credential.
 */
export class Diagnostics implements AsyncDisposable {
  readonly #options: DiagnosticsOptions;
  readonly #readiness: Readiness;
  readonly #proofs = new Map<string, IssuanceProof>();
  #metrics!: AgentMetrics;
  #server!: DiagnosticsServer;

  private constructor(options: DiagnosticsOptions) {
    this.#options = options;
    this.#readiness = new Readiness([BOT, ...options.sockets], options.clock);
  }

  /** @throws TeleportError that names the address when it cannot be listened on */
  static async open(options: DiagnosticsOptions): Promise<Diagnostics> {
    const made = new Diagnostics(options);
    const { address, version, status, audits, logger } = options;
    made.#metrics = await AgentMetrics.create({ version, status, audits, readiness: made.#readiness });
    made.#server = await DiagnosticsServer.open({
      address,
      answer: (path) => made.#answer(path),
      onError: (error) => logger.error({ err: error }, 'the diagnostics have trouble and go on'),
    });
    logger.info({ address: made.#server.url }, 'diagnostics');
    return made;
  }

  /** Where they are served. */
  get url(): string {
    return this.#server.url;
  }

  /** What a socket's counters shall tell its decisions to. */
  observer(path: string): (decision: Decision) => void {
    const count = this.#metrics.observer(path);
    return (decision) => {
      count(decision);
      if (decision.outcome === 'issued') this.#proofs.get(path)?.succeeded();
      else if (decision.outcome === 'failed') this.#proofs.get(path)?.lapsed();
    };
  }

  /** The bot runs, or waits for its cluster. */
  botStarted(): void {
    this.#readiness.register(BOT, async () => {
      const { state, expires, lastError } = this.#options.bot().status();
      if (state === 'locked' || state === 'expired') return lastError ?? `the bot is ${state}`;
      return expires.getTime() <= this.#options.clock.now() ? 'the identity of the bot has ended' : undefined;
    });
  }

  /** The socket listens. */
  socketOpened({ path, roles, audit, isReachable }: ReadySocket): void {
    const proof = new IssuanceProof({ clock: this.#options.clock, prove: (signal) => this.#issue(roles, signal) });
    this.#proofs.set(path, proof);
    this.#readiness.register(path, async () => {
      if (!(await isReachable())) return 'the file of the socket is gone';
      await audit.ready();
      // A bot that waits says so without a call.
      const { authorityWatch } = this.#options.bot().status();
      return await proof.trouble(authorityWatch.state === 'unhealthy');
    });
  }

  /** For a key that nobody has, and it is dropped. */
  async #issue(roles: readonly string[], signal: AbortSignal): Promise<void> {
    const { tlsPublicKey } = await generateKeyPair('ecdsa-p256');
    await this.#options
      .bot()
      .generateIdentity(
        { kind: 'identity', ttlMs: MIN_TTL_MS, keys: { tls: tlsPublicKey }, ...(roles.length > 0 && { roles }) },
        { signal },
      );
  }

  async #answer(path: string): Promise<Answer | undefined> {
    if (path === '/metrics') {
      return { status: 200, contentType: this.#metrics.contentType, body: await this.#metrics.text() };
    }
    // Whoever can answer is alive.
    if (path === '/livez') return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' };
    if (path !== '/readyz' && !path.startsWith('/readyz/')) return undefined;
    // A socket's name is its path, which begins with a slash itself.
    const name = path.slice('/readyz'.length);
    const report = await this.#readiness.look(name === '' ? undefined : name === `/${BOT}` ? BOT : name);
    return (
      report && {
        status: report.status === 'healthy' ? 200 : 503,
        contentType: 'application/json; charset=utf-8',
        body: `${JSON.stringify(report, null, 2)}\n`,
      }
    );
  }

  /** From here on the agent is not ready; alive it is until the end. */
  stopping(): void {
    this.#readiness.stop();
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    await this.#server.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
