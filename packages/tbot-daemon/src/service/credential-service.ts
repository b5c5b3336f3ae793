import { formatGoDuration, isTeleportError, type TeleportError, toDurationMessage } from '@teleport-ts/api-types';
import type { Clock, Identity, Logger, RunningBot } from '@teleport-ts/tbot-core';
import type { DescribeResponse, GenerateIdentityRequest, GenerateIdentityResponse } from '@teleport-ts/tbot-core/proto';
import { DescribeResponse as DescribeResponseMessage } from '@teleport-ts/tbot-core/proto';
import type { AuditRecord, Outcome } from '../audit/audit-record.ts';
import type { AuditSink } from '../audit/audit-sink.ts';
import { type AdmittedRequest, admit, type SocketPolicy } from '../policy/admit.ts';
import type { RequestLimiter } from '../policy/request-limits.ts';
import type { Peer } from '../sockets/peer.ts';
import { asCallFailure, CallFailure } from './call-failure.ts';
import { type ParsedRequest, parseRequest } from './requests.ts';
import { identityResponse, ttlOutcome } from './responses.ts';
import type { SocketCounters } from './socket-counters.ts';

/** The part of a bot that the socket needs. */
export type IssuingBot = Pick<RunningBot, 'generateIdentity' | 'describe' | 'status'>;

/** What the service of one socket stands on. */
export interface CredentialServiceOptions {
  socketPath: string;
  policy: SocketPolicy;
  limiter: RequestLimiter;
  /** @throws TeleportError while there is no bot that can issue */
  bot: () => IssuingBot;
  audit: AuditSink;
  counters: SocketCounters;
  clock: Clock;
  logger: Logger;
  agentVersion: string;
}

/** Who calls, and how long they wait. */
export interface CallContext {
  peer?: Peer;
  /** Aborted when the caller is gone or its deadline has passed. */
  signal: AbortSignal;
}

/** What is known of a request by the time that it is recorded. */
interface Attempt {
  parsed?: ParsedRequest;
  admitted?: AdmittedRequest;
}

/** The Dynamic Credential API of one socket, without its transport. All methods reject with a TeleportError. */
export class CredentialService {
  readonly #options: CredentialServiceOptions;

  constructor(options: CredentialServiceOptions) {
    this.#options = options;
  }

  /** Decides, issues, records, answers: in this order, so that nothing unrecorded leaves. */
  async generateIdentity(request: GenerateIdentityRequest, context: CallContext): Promise<GenerateIdentityResponse> {
    const { clock, counters } = this.#options;
    const startedMs = clock.now();
    const attempt: Attempt = {};
    let identity: Identity;
    try {
      identity = await this.#limited(context, () => this.#issue(request, attempt, context.signal));
    } catch (error) {
      const failure = this.#shown(error);
      const outcome: Outcome = isRefusal(failure) ? 'refused' : 'failed';
      this.#count(attempt, startedMs, outcome, failure);
      if (outcome === 'failed') counters.fail(failure.message, new Date(clock.now()));
      await this.#record(context, attempt, startedMs, { outcome, code: failure.code, reason: failure.message });
      throw failure;
    }
    const ttl = ttlOutcome(attempt.admitted!.ttl, identity);
    try {
      await this.#record(context, attempt, startedMs, {
        outcome: 'issued',
        roles: identity.roles,
        ttl: formatGoDuration(ttl.effectiveMs),
        expires: identity.expires.toISOString(),
        serial: identity.serial.toLowerCase(),
      });
    } catch (error) {
      const failure = this.#shown(error);
      this.#count(attempt, startedMs, 'failed', failure);
      counters.fail(failure.message, new Date(clock.now()));
      throw failure;
    }
    this.#count(attempt, startedMs, 'issued');
    return identityResponse(identity, ttl);
  }

  /** What asks the cluster for a caller counts against the limits of the socket. */
  async #limited<T>(context: CallContext, work: () => Promise<T>): Promise<T> {
    const passage = this.#options.limiter.enter(context.peer?.uid ?? -1);
    if (!passage.ok) {
      const { message, retryAfterMs } = passage;
      throw new CallFailure('limit_exceeded', message, { retryable: true, retryAfterMs });
    }
    try {
      return await work();
    } finally {
      passage.release();
    }
  }

  async #issue(request: GenerateIdentityRequest, attempt: Attempt, signal: AbortSignal): Promise<Identity> {
    const { policy, audit, bot } = this.#options;
    const parsed = parseRequest(request);
    attempt.parsed = parsed;
    const issuer = bot();
    const admission = admit(policy, parsed.wanted, issuer.status().cluster);
    if (!admission.admitted) {
      const { code, message, ...more } = admission.refusal;
      throw new CallFailure(code, message, more);
    }
    const admitted = admission.request;
    attempt.admitted = admitted;
    await audit.ready();
    const identity = await issuer.generateIdentity(
      {
        kind: admitted.kind,
        name: admitted.name,
        cluster: admitted.cluster,
        ttlMs: admitted.ttl.effectiveMs,
        ...(admitted.roles && { roles: admitted.roles }),
        ...(parsed.keys && { keys: parsed.keys }),
      },
      { signal },
    );
    checkAnswer(admitted, identity);
    return identity;
  }

  async describe(context: CallContext): Promise<DescribeResponse> {
    const { policy, bot, socketPath, agentVersion } = this.#options;
    try {
      const known = await this.#limited(context, () => bot().describe({ signal: context.signal }));
      return DescribeResponseMessage.fromPartial({
        roles: [...(policy.roles.length > 0 ? policy.roles : known.roles)],
        kinds: policy.kinds.filter((kind) => known.kinds.includes(kind)),
        clusters: known.clusters.filter((cluster) => policy.clusters?.includes(cluster) ?? true),
        defaultTtl: toDurationMessage(Math.min(policy.ttl.defaultMs, policy.ttl.maxMs)),
        maxTtl: toDurationMessage(policy.ttl.maxMs),
        minTtl: toDurationMessage(policy.ttl.minMs),
        socket: socketPath,
        peer: {
          uid: BigInt(context.peer?.uid ?? -1),
          gid: BigInt(context.peer?.gid ?? -1),
          pid: BigInt(context.peer?.pid ?? -1),
        },
        agentVersion,
        proxyAddress: known.proxyAddress,
        cluster: known.cluster,
      });
    } catch (error) {
      throw this.#shown(error);
    }
  }

  /** An error that nobody meant for callers stays here, where the operator sees it. */
  #shown(error: unknown): TeleportError {
    if (!isTeleportError(error) && !(error instanceof Error && error.name === 'AbortError')) {
      this.#options.logger.error({ err: error, socket: this.#options.socketPath }, 'a request failed unexpectedly');
    }
    return asCallFailure(error);
  }

  #count(attempt: Attempt, startedMs: number, outcome: Outcome, failure?: TeleportError): void {
    const { counters, clock } = this.#options;
    const kind = attempt.parsed?.wanted.kind;
    counters.count({
      outcome,
      ...(kind && { kind }),
      ...(failure && { code: failure.code }),
      latencyMs: clock.now() - startedMs,
    });
  }

  async #record(
    context: CallContext,
    attempt: Attempt,
    startedMs: number,
    result: Pick<AuditRecord, 'outcome' | 'code' | 'reason' | 'roles' | 'ttl' | 'expires' | 'serial'>,
  ): Promise<void> {
    const { audit, clock, socketPath } = this.#options;
    const nowMs = clock.now();
    const wanted = attempt.parsed?.wanted;
    await audit.record({
      time: new Date(nowMs).toISOString(),
      event: 'credential',
      socket: socketPath,
      ...(context.peer && { peer: { uid: context.peer.uid, gid: context.peer.gid, pid: context.peer.pid } }),
      ...(wanted && {
        request: {
          kind: wanted.kind,
          name: wanted.name,
          cluster: wanted.cluster,
          roles: wanted.roles,
          ...(Number.isFinite(wanted.ttlMs) ? { ttl: formatGoDuration(wanted.ttlMs!) } : {}),
          own_key: attempt.parsed?.keys !== undefined,
        },
      }),
      ...result,
      latency_ms: nowMs - startedMs,
    });
  }
}

/** Refused by what was asked; all else is a failure of the agent or the cluster. */
function isRefusal(error: TeleportError): boolean {
  return ['access_denied', 'bad_parameter', 'limit_exceeded', 'not_found', 'canceled'].includes(error.code);
}

/** What came back is what was admitted, or nobody gets it. */
function checkAnswer(admitted: AdmittedRequest, identity: Identity): void {
  const name = identity.route?.application?.name;
  const strange = admitted.roles && identity.roles.filter((role) => !admitted.roles!.includes(role));
  if (name !== admitted.name || identity.route?.cluster !== admitted.cluster || (strange && strange.length > 0)) {
    throw new Error('the issued credential is not the one that was admitted');
  }
}
