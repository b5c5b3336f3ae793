import { TeleportError, toDurationMessage } from '@teleport-ts/api-types';
import { type RenewalReason, renewals, sleep } from '@teleport-ts/tbot-core';
import type {
  CaRotation,
  DescribeResponse,
  GenerateIdentityRequest,
  GenerateIdentityResponse,
  WatchIdentityRequest,
  WatchIdentityResponse,
} from '@teleport-ts/tbot-core/proto';
import { DescribeResponse as DescribeResponseMessage } from '@teleport-ts/tbot-core/proto';
import type { Passage, RequestLimiter } from '../policy/request-limits.ts';
import { CallFailure } from './call-failure.ts';
import type { CallContext, StreamContext } from './call-handlers.ts';
import { HeldCredentials, type Holder, holderOf } from './held-credentials.ts';
import { type Attempt, Issuance, type IssuanceOptions, type Issued, type IssuingBot } from './issuance.ts';
import { identityResponse, rotationMessage, watchResponse } from './responses.ts';

/** What the service of one socket stands on. */
export interface CredentialServiceOptions extends IssuanceOptions {
  limiter: RequestLimiter;
  agentVersion: string;
  /** From 0 to below 1. */
  random?: () => number;
}

/** The Dynamic Credential API of one socket, without its transport. All methods reject with a TeleportError. */
export class CredentialService {
  readonly #options: CredentialServiceOptions;
  readonly #issuance: Issuance;
  readonly #held = new HeldCredentials();

  constructor(options: CredentialServiceOptions) {
    this.#options = options;
    this.#issuance = new Issuance(options);
  }

  async generateIdentity(request: GenerateIdentityRequest, context: CallContext): Promise<GenerateIdentityResponse> {
    const attempt = this.#issuance.begin(context.peer);
    let release: (() => void) | undefined;
    try {
      release = passed(this.#options.limiter.enter(uidOf(context)));
      const admitted = this.#issuance.admit(attempt, request);
      return identityResponse(await this.#issuance.issue(attempt, admitted, context.signal));
    } catch (error) {
      throw await this.#issuance.failed(attempt, error);
    } finally {
      release?.();
    }
  }

  /**
   * A credential and its successors, for as long as the caller listens. Each renewal is decided on, limited and recorded
   * as a request of its own; one that comes too fast waits for its turn, since the caller has no say in when it comes.
   */
  async *watchIdentity(request: WatchIdentityRequest, context: StreamContext): AsyncGenerator<WatchIdentityResponse> {
    const { limiter, bot, clock, random } = this.#options;
    const first = this.#issuance.begin(context.peer, 'start');
    let release: (() => void) | undefined;
    try {
      let holder: Holder;
      try {
        release = passed(limiter.open(uidOf(context)));
        this.#issuance.admit(first, wanted(request));
        holder = holderOf(context.peer?.uid, first.parsed!);
      } catch (error) {
        throw await this.#issuance.failed(first, error);
      }
      context.accept();
      const events = renewals<Issued>({
        issue: async (signal, reason) => {
          const attempt = reason === 'start' ? first : this.#issuance.begin(context.peer, reason);
          return await this.#renew(attempt, wanted(request), { ...context, signal }, reason);
        },
        rotations: (signal) => bot().listenForRotation({ signal }),
        // What broke off in the middle may have asked for a successor already: its own comes at once then.
        held: this.#held.find(request.knownSerial, holder, clock.now()) as Issued | undefined,
        signal: context.signal,
        keepAlive: false,
        clock,
        random,
      });
      for await (const event of events) {
        if (event.type === 'identity') this.#held.remember(event.identity.identity.serial, holder, event.identity);
        yield watchResponse(event, this.#botExpires());
      }
    } finally {
      release?.();
    }
  }

  async #renew(
    attempt: Attempt,
    request: GenerateIdentityRequest,
    context: CallContext,
    reason: RenewalReason,
  ): Promise<Issued> {
    let release: (() => void) | undefined;
    try {
      // The opening of the stream was its place in the row.
      if (reason !== 'start') release = await this.#turn(context);
      const admitted = this.#issuance.admit(attempt, request);
      return await this.#issuance.issue(attempt, admitted, context.signal);
    } catch (error) {
      throw await this.#issuance.failed(attempt, error);
    } finally {
      release?.();
    }
  }

  /** Waits until the limits let one more through. */
  async #turn(context: CallContext): Promise<() => void> {
    const { limiter, clock, random = Math.random } = this.#options;
    for (;;) {
      const passage = limiter.enter(uidOf(context));
      if (passage.ok) return passage.release;
      // All who wait would come back at the same moment.
      await sleep(clock, passage.retryAfterMs * (1 + random()), context.signal, { keepAlive: false });
    }
  }

  async *listenForRotation(context: StreamContext): AsyncGenerator<CaRotation> {
    const { limiter, bot } = this.#options;
    let release: (() => void) | undefined;
    let rotations: ReturnType<typeof listen> | undefined;
    try {
      release = passed(limiter.open(uidOf(context)));
      rotations = listen(bot(), context.signal);
      for (let next = rotations.next(); ; next = rotations.next()) {
        // The first question is what makes the bot listen.
        context.accept();
        const { value, done } = await next;
        if (done) break;
        yield rotationMessage(value);
      }
    } catch (error) {
      throw this.#issuance.shown(error);
    } finally {
      release?.();
      await rotations?.return?.();
    }
    throw new CallFailure('connection_problem', 'the agent is stopping', { retryable: true, retryAfterMs: 1000 });
  }

  async describe(context: CallContext): Promise<DescribeResponse> {
    const { policy, limiter, bot, socketPath, agentVersion } = this.#options;
    let release: (() => void) | undefined;
    try {
      release = passed(limiter.enter(uidOf(context)));
      const known = await bot().describe({ signal: context.signal });
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
        names: Object.entries(policy.names).map(([kind, patterns]) => ({ kind, patterns: [...patterns] })),
      });
    } catch (error) {
      throw this.#issuance.shown(error);
    } finally {
      release?.();
    }
  }

  #botExpires(): Date | undefined {
    try {
      return this.#options.bot().status().expires;
    } catch {
      return undefined;
    }
  }
}

const listen = (bot: IssuingBot, signal: AbortSignal) => bot.listenForRotation({ signal })[Symbol.asyncIterator]();

const uidOf = ({ peer }: CallContext): number => peer?.uid ?? -1;

/** @throws TeleportError with the time after which to come back */
function passed(passage: Passage): () => void {
  if (passage.ok) return passage.release;
  const { message, retryAfterMs } = passage;
  throw new CallFailure('limit_exceeded', message, { retryable: true, retryAfterMs });
}

/** What a stream is for. A key pair of the agent's would have to be kept for as long as the stream lives. */
function wanted({ request }: WatchIdentityRequest): GenerateIdentityRequest {
  if (!request) throw new TeleportError('bad_parameter', 'the stream does not say what it is for');
  if (request.tlsPublicKey.length === 0 && request.sshPublicKey.length === 0) {
    throw new TeleportError('bad_parameter', 'a stream needs a public key of its caller', {
      hint: 'send tls_public_key, ssh_public_key or both: all credentials of the stream are for them',
    });
  }
  return request;
}
