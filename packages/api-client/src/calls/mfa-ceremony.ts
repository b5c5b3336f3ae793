import { isTeleportError, TeleportError, toMethodDefinition } from '@teleport-ts/api-types';
import { ChallengeAllowReuse, ChallengeScope } from '@teleport-ts/api-types/proto/teleport/mfa/v1/mfa';
import {
  CreateAuthenticateChallengeRequest,
  MFAAuthenticateChallenge,
  MFARequired,
} from '@teleport-ts/api-types/proto/teleport/proto/mfa';
import { closedError } from '../dialing/connection.ts';
import { scope } from '../dialing/scope.ts';
import type { CallEnvironment } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { lateError } from './late-error.ts';
import type { MfaAnswer, MfaPrompt } from './mfa-prompt.ts';
import { unaryCall } from './unary.ts';

/** The header that carries the answer (api/mfa of Teleport's Go client). */
const ANSWER_HEADER = 'mfa_challenge_response';

/** Apart from its service, which would bring in all its messages. */
const challengeMethod = toMethodDefinition(
  {
    name: 'AuthService',
    fullName: 'proto.AuthService',
    methods: {
      createAuthenticateChallenge: {
        name: 'CreateAuthenticateChallenge',
        requestType: CreateAuthenticateChallengeRequest,
        requestStream: false,
        responseType: MFAAuthenticateChallenge,
        responseStream: false,
      },
    },
  },
  'createAuthenticateChallenge',
);

/** The prompt that is up; the next one waits for it. */
const prompting = new WeakMap<CallEnvironment, Promise<unknown>>();

/**
 * Has a person answer a challenge for an administrative call.
 *
 * @param refusal what the server said without an answer
 * @returns headers for the next try
 * @throws the refusal, when the cluster has no challenge for this user
 */
export async function mfaHeaders(
  environment: CallEnvironment,
  prompt: MfaPrompt,
  refusal: TeleportError,
  options: CallOptions,
): Promise<Readonly<Record<string, string>>> {
  const { clock, waits } = environment;
  const { signal, timeoutMs, metadata } = options;
  const rpc = refusal.rpc ?? '';
  const closing = new AbortController();
  const wait = { cancel: () => closing.abort(closedError(rpc)) };
  waits.add(wait);
  const parent = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  const limited = scope(clock, timeoutMs || Number.POSITIVE_INFINITY, parent);
  const before = prompting.get(environment) ?? Promise.resolve();
  const ceremony = before.then(() => run(environment, prompt, refusal, limited.signal));
  prompting.set(
    environment,
    ceremony.catch(() => {}),
  );
  try {
    const answer = await Promise.race([ceremony, aborted(limited.signal)]);
    return { ...metadata, [ANSWER_HEADER]: encode(answer) };
  } catch (error) {
    throw limited.timedOut && timeoutMs ? lateError(rpc, timeoutMs, refusal) : error;
  } finally {
    waits.delete(wait);
    limited.end();
  }
}

async function run(
  { targets, limit }: CallEnvironment,
  prompt: MfaPrompt,
  refusal: TeleportError,
  signal: AbortSignal,
): Promise<MfaAnswer> {
  signal.throwIfAborted();
  const request = CreateAuthenticateChallengeRequest.fromPartial({
    Request: { $case: 'ContextUser', value: {} },
    MFARequiredCheck: { Target: { $case: 'AdminAction', value: {} } },
    ChallengeExtensions: {
      scope: ChallengeScope.CHALLENGE_SCOPE_ADMIN_ACTION,
      allowReuse: ChallengeAllowReuse.CHALLENGE_ALLOW_REUSE_NO,
    },
  });
  const challenge = await unaryCall(targets.current, challengeMethod, request, limit, { signal }).catch((error) => {
    // Nobody who could have a device: a built-in role.
    if (isTeleportError(error, 'bad_parameter')) throw withHint(refusal, 'this identity can have no second factor');
    throw error;
  });
  if (!challenge.TOTP && !challenge.WebauthnChallenge && !challenge.SSOChallenge) {
    if (challenge.MFARequired === MFARequired.MFA_REQUIRED_NO) throw refusal;
    throw withHint(refusal, 'this user has no device for a second factor: `tsh mfa add` adds one');
  }
  return prompt(challenge, { rpc: refusal.rpc ?? '', signal });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function withHint(refusal: TeleportError, hint: string): TeleportError {
  const { message, rpc, cause } = refusal;
  return new TeleportError('mfa_required', message, { rpc, cause, hint, retryable: false });
}

/** The JSON form of the message, as protobuf defines it; its field names here are those of the JSON form already. */
function encode({ $case, value }: MfaAnswer): string {
  return Buffer.from(JSON.stringify({ [$case]: jsonOf(value) })).toString('base64');
}

function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name, field]) => name !== '_unknownFields' && field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, jsonOf(field)]));
}
