import { fromTimestamp } from '@teleport-ts/api-types';
import type { GetStatusResponse } from '@teleport-ts/tbot-core/proto';
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AuditFiles } from '../audit/audit-files.ts';
import type { Decision } from '../service/socket-counters.ts';
import { addProcessMetrics } from './process-metrics.ts';
import type { Readiness } from './readiness.ts';

/** Seconds: from a warm request on a good day to the longest call. */
const BUCKETS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BOT_STATES = ['running', 'renewing', 'degraded', 'locked', 'expired'];

/** Where the numbers of a moment come from. */
export interface MetricSources {
  version: string;
  status: () => GetStatusResponse;
  readiness: Readiness;
  audits: Pick<AuditFiles, 'heads'>;
}

/**
 * The numbers of an agent for Prometheus. Labels are what the operator configured (paths of sockets) and words of a short
 * list (kinds, outcomes, codes): no caller can make new series, and no name of a credential or a peer turns up.
 */
export class AgentMetrics {
  readonly #sources: MetricSources;
  readonly #registry: Registry;
  readonly #requests: Counter<'socket' | 'kind' | 'trigger' | 'outcome' | 'reason'>;
  readonly #seconds: Histogram<'socket' | 'outcome'>;
  readonly #gauges: ReturnType<typeof gauges>;
  readonly #renewals: Counter;
  #generation: number | undefined;

  private constructor(library: typeof import('prom-client'), sources: MetricSources) {
    this.#sources = sources;
    this.#registry = new library.Registry();
    const registers = [this.#registry];
    this.#requests = new library.Counter({
      name: 'tbot_socket_requests_total',
      help: 'Requests for credentials that were decided on: issued, refused by what was asked, or failed.',
      labelNames: ['socket', 'kind', 'trigger', 'outcome', 'reason'],
      registers,
    });
    this.#seconds = new library.Histogram({
      name: 'tbot_socket_request_duration_seconds',
      help: 'Time from a request to its answer.',
      labelNames: ['socket', 'outcome'],
      buckets: BUCKETS,
      registers,
    });
    this.#renewals = new library.Counter({
      name: 'tbot_bot_renewals_total',
      help: "Renewals of the bot's own identity since the agent started.",
      registers,
    });
    this.#gauges = gauges(library, this.#registry);
    this.#gauges.info.set({ version: sources.version, node: process.versions.node }, 1);
    addProcessMetrics(library, this.#registry);
  }

  /** prom-client is loaded for those alone who ask for metrics. */
  static async create(sources: MetricSources): Promise<AgentMetrics> {
    const library = await import('prom-client');
    return new AgentMetrics('default' in library ? (library.default as typeof library) : library, sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Counts the decisions of a socket. */
  observer(socket: string): (decision: Decision) => void {
    for (const outcome of ['issued', 'refused', 'failed']) this.#seconds.zero({ socket, outcome });
    return ({ outcome, kind = '', trigger = '', code = '', latencyMs }) => {
      this.#requests.inc({ socket, kind, trigger, outcome, reason: code });
      this.#seconds.observe({ socket, outcome }, latencyMs / 1000);
    };
  }

  /** All of it in the text format of Prometheus. */
  async text(): Promise<string> {
    this.#read();
    return await this.#registry.metrics();
  }

  #read(): void {
    const { status, readiness, audits } = this.#sources;
    const { bot, sockets } = status();
    const gauge = this.#gauges;
    for (const { path: socket, connections, streams } of sockets) {
      gauge.connections.set({ socket }, connections);
      gauge.streams.set({ socket }, streams);
    }
    for (const [service, report] of readiness.known())
      gauge.healthy.set({ service }, Number(report.status === 'healthy'));
    for (const { file, head } of audits.heads()) gauge.audited.set({ file }, head.sequence);
    for (const state of BOT_STATES) gauge.state.set({ state }, Number(state === bot?.state));
    setOrRemove(gauge.generation, bot?.generation);
    setOrRemove(gauge.warmSessions, bot?.warmSessions);
    setOrRemove(gauge.expiry, seconds(fromTimestamp(bot?.expires)));
    setOrRemove(gauge.nextRenewal, seconds(fromTimestamp(bot?.nextRenewal)));
    if (bot) this.#countRenewals(bot.generation);
  }

  /** The generation counts renewals; one that went back was begun anew by joining again. */
  #countRenewals(generation: number): void {
    const before = this.#generation ?? generation;
    this.#renewals.inc(generation >= before ? generation - before : generation);
    this.#generation = generation;
  }
}

function gauges({ Gauge }: typeof import('prom-client'), registry: Registry) {
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    info: gauge('tbot_info', 'The agent, by its version.', 'version', 'node'),
    connections: gauge('tbot_socket_connections', 'Open connections of callers.', 'socket'),
    streams: gauge('tbot_socket_streams', 'Open streams of callers.', 'socket'),
    healthy: gauge('tbot_service_healthy', 'What /readyz found the last time that it was asked.', 'service'),
    audited: gauge('tbot_audit_sequence', 'Number of the last record of an audit file with a chain.', 'file'),
    state: gauge('tbot_bot_state', '1 for the state that the bot is in.', 'state'),
    generation: gauge('tbot_bot_generation', "How often the bot's identity was issued anew."),
    expiry: gauge('tbot_bot_expiry_timestamp_seconds', "End of the bot's own identity, since unix epoch."),
    nextRenewal: gauge('tbot_bot_next_renewal_timestamp_seconds', 'When it is renewed next, since unix epoch.'),
    warmSessions: gauge('tbot_bot_warm_sessions', 'Sets of roles that a session with the cluster is kept for.'),
  };
}

/** What is not known has no line, rather than a wrong one. */
function setOrRemove(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove();
  else gauge.set(value);
}

const seconds = (time: Date | undefined): number | undefined => time && time.getTime() / 1000;
