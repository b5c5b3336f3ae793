import { formatGoDuration, isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import type { Clock, Identity, IdentityRequest, Logger, RenewalReason, RunningBot } from '@teleport-ts/tbot-core';
import type { GenerateIdentityRequest } from '@teleport-ts/tbot-core/proto';
import type { AuditRecord, Outcome } from '../audit/audit-record.ts';
import type { AuditSink } from '../audit/audit-sink.ts';
import { type AdmittedRequest, admit, refusalByName, type SocketPolicy } from '../policy/admit.ts';
import { type Rate, TokenBucket } from '../policy/token-bucket.ts';
import type { TtlDecision } from '../policy/ttl-decision.ts';
import type { Peer } from '../sockets/peer.ts';
import { checkAnswer } from './answer-check.ts';
import { asCallFailure, CallFailure } from './call-failure.ts';
import { type ParsedRequest, parseRequest } from './requests.ts';
import { ttlOutcome } from './responses.ts';
import type { SocketCounters } from './socket-counters.ts';

/** The part of a bot that the socket needs. */
export type IssuingBot = Pick<RunningBot, 'generateIdentity' | 'listenForRotation' | 'describe' | 'status'>;

/** What credentials of one socket are issued by. */
export interface IssuanceOptions {
  socketPath: string;
  policy: SocketPolicy;
  /** @throws TeleportError while there is no bot that can issue */
  bot: () => IssuingBot;
  audit: AuditSink;
  counters: SocketCounters;
  clock: Clock;
  logger: Logger;
}

/** A credential that may be handed out: it has been recorded. */
export interface Issued {
  readonly identity: Identity;
  readonly ttl: TtlDecision;
  readonly expires: Date;
  readonly refreshAt: Date;
}

/** One request on its way, and what is known of it by the time that it is recorded. */
export interface Attempt {
  readonly peer: Peer | undefined;
  readonly startedMs: number;
  /** What made a stream ask; absent for a request of its own. */
  readonly trigger: RenewalReason | undefined;
  parsed?: ParsedRequest;
  admitted?: AdmittedRequest;
  /** Whether its record could not be written. */
  unrecorded?: boolean;
}

/** How fast refusals for haste are recorded, which cost their callers nothing; what comes faster is counted. */
const HASTE_RECORDS: Rate = { perSecond: 10, burst: 50 };

/** From a request to a credential: decides, issues, checks, records. In this order, so that nothing unrecorded leaves. */
export class Issuance {
  readonly #options: IssuanceOptions;
  readonly #hasteRecords: TokenBucket;
  #omitted = 0;
  /** Name of the bot's own cluster; it has the same one for life. */
  #ownCluster: string | undefined;

  constructor(options: IssuanceOptions) {
    this.#options = options;
    this.#hasteRecords = new TokenBucket(HASTE_RECORDS, options.clock.now());
  }

  begin(peer: Peer | undefined, trigger?: RenewalReason): Attempt {
    return { peer, startedMs: this.#options.clock.now(), trigger };
  }

  /**
   * Reads what a caller sent and decides on it.
   *
   * @throws TeleportError for what is not allowed
   */
  admit(attempt: Attempt, request: GenerateIdentityRequest): AdmittedRequest {
    const { policy, bot } = this.#options;
    const parsed = parseRequest(request);
    attempt.parsed = parsed;
    const issuer = bot();
    this.#ownCluster ??= issuer.status().cluster;
    const admission = admit(policy, parsed.wanted, this.#ownCluster);
    if (!admission.admitted) {
      const { code, message, ...more } = admission.refusal;
      throw new CallFailure(code, message, more);
    }
    const { keys } = parsed;
    if (admission.request.confined && keys && keys.tls === undefined) {
      throw new CallFailure('bad_parameter', 'this socket issues no SSH certificates', {
        hint: 'it serves no identities: send a tls_public_key',
      });
    }
    attempt.admitted = admission.request;
    return admission.request;
  }

  /**
   * Issues what {@link admit} has let through.
   *
   * @throws TeleportError, or whatever else has failed: see {@link failed}
   */
  async issue(attempt: Attempt, admitted: AdmittedRequest, signal: AbortSignal): Promise<Issued> {
    const { audit, bot, policy, clock } = this.#options;
    await audit.ready();
    let fullName: string | undefined;
    const admitsName = (name: string): boolean => {
      if (refusalByName(policy, admitted.kind, name)) return false;
      fullName = name;
      return true;
    };
    const identity = await bot().generateIdentity(requestFor(admitted, attempt.parsed, admitsName), { signal });
    checkAnswer(admitted, identity, clock.now(), fullName);
    const ttl = ttlOutcome(admitted.ttl, identity);
    try {
      await this.#record(attempt, {
        outcome: 'issued',
        roles: identity.roles,
        ttl: formatGoDuration(ttl.effectiveMs),
        expires: identity.expires.toISOString(),
        serial: identity.serial.toLowerCase(),
      });
    } catch (error) {
      attempt.unrecorded = true;
      throw error;
    }
    this.#count(attempt, 'issued');
    return { identity, ttl, expires: identity.expires, refreshAt: identity.refreshAt };
  }

  /** Counts and records that an attempt came to nothing, and gives what its caller is told. */
  async failed(attempt: Attempt, error: unknown): Promise<TeleportError> {
    const failure = this.shown(error);
    const outcome: Outcome = !attempt.unrecorded && isRefusal(failure) ? 'refused' : 'failed';
    this.#count(attempt, outcome, failure);
    if (outcome === 'failed') this.#options.counters.fail(failure.message, new Date(this.#options.clock.now()));
    if (attempt.unrecorded) return failure;
    const omitted = this.#isOmitted(failure);
    if (omitted === undefined) return failure;
    try {
      const more = omitted > 0 ? { omitted } : {};
      await this.#record(attempt, { outcome, code: failure.code, reason: failure.message, ...more });
    } catch (unrecorded) {
      return this.shown(unrecorded);
    }
    return failure;
  }

  /** An error that nobody meant for callers stays here, where the operator sees it. */
  shown(error: unknown): TeleportError {
    if (!isTeleportError(error) && !(error instanceof Error && error.name === 'AbortError')) {
      this.#options.logger.error({ err: error, socket: this.#options.socketPath }, 'a request failed unexpectedly');
    }
    return asCallFailure(error);
  }

  /** How many were not recorded before this one; undefined when this one is not either. */
  #isOmitted({ code }: TeleportError): number | undefined {
    if (code !== 'limit_exceeded') return 0;
    if (this.#hasteRecords.waitMs(this.#options.clock.now()) > 0) {
      this.#omitted += 1;
      return undefined;
    }
    this.#hasteRecords.take();
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted;
  }

  #count(attempt: Attempt, outcome: Outcome, failure?: TeleportError): void {
    const { counters, clock } = this.#options;
    const kind = attempt.parsed?.wanted.kind;
    counters.count({
      outcome,
      ...(kind && { kind }),
      ...(attempt.trigger && { trigger: attempt.trigger }),
      ...(failure && { code: failure.code }),
      latencyMs: clock.now() - attempt.startedMs,
    });
  }

  async #record(
    { peer, parsed, startedMs, trigger }: Attempt,
    result: Pick<AuditRecord, 'outcome' | 'code' | 'reason' | 'roles' | 'ttl' | 'expires' | 'serial' | 'omitted'>,
  ): Promise<void> {
    const { audit, clock, socketPath } = this.#options;
    const nowMs = clock.now();
    await audit.record({
      time: new Date(nowMs).toISOString(),
      event: 'credential',
      socket: socketPath,
      ...(peer && { peer: { uid: peer.uid, gid: peer.gid, pid: peer.pid } }),
      ...(parsed && { request: recorded(parsed) }),
      ...(trigger && { trigger }),
      ...result,
      latency_ms: nowMs - startedMs,
    });
  }
}

/** What the cluster is asked for. */
function requestFor(
  admitted: AdmittedRequest,
  parsed: ParsedRequest | undefined,
  admitsName: (fullName: string) => boolean,
): IdentityRequest {
  const { kind, name, username, database, roles, cluster, confined, ttl } = admitted;
  const common = {
    cluster,
    ttlMs: ttl.effectiveMs,
    ...(roles && { roles }),
    ...(parsed?.keys && { keys: confined ? parsed.keys.withoutSsh() : parsed.keys }),
    ...(confined && { confined }),
  };
  switch (kind) {
    case 'identity':
      return { kind, ...common };
    case 'application':
      return { kind, name, ...common };
    case 'database':
      return {
        kind,
        name,
        ...(username !== undefined && { username }),
        ...(database !== undefined && { database }),
        admitsName,
        ...common,
      };
    case 'kubernetes':
      return { kind, name, admitsName, ...common };
  }
}

/** The request as it is recorded: names and numbers, no key. */
function recorded({ wanted, keys }: ParsedRequest): NonNullable<AuditRecord['request']> {
  const { kind, name, username, database, cluster, roles, ttlMs } = wanted;
  return {
    kind,
    name,
    ...(username === undefined ? {} : { username }),
    ...(database === undefined ? {} : { database }),
    cluster,
    roles,
    ...(ttlMs !== undefined && Number.isFinite(ttlMs) ? { ttl: formatGoDuration(ttlMs) } : {}),
    own_key: keys !== undefined,
  };
}

/** Refused by what was asked; all else is a failure of the agent or the cluster. */
function isRefusal({ code }: TeleportError): boolean {
  return ['access_denied', 'bad_parameter', 'limit_exceeded', 'not_found', 'canceled'].includes(code);
}
