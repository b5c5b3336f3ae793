import { TeleportError } from '@teleport-ts/api-types';
import { authorityGone, isUntrusted } from '../rotation/untrusted.ts';

/**
 * What a failed renewal means:
 * - `retry`: it may work later, and the identity lives on
 * - `rejoin`: the identity is over; only a token that it was not made with helps
 * - `stop`: nothing that the agent can do helps
 */
export type Verdict = 'retry' | 'rejoin' | 'stop';

export interface RenewalFailure {
  readonly error: TeleportError;
  /** The identity is past its end. */
  readonly expired: boolean;
  /** The cluster refuses even a ping, repeatedly: everything of this user is refused. */
  readonly everythingRefused: boolean;
  /** The identity, or a successor that is not in use yet, was issued a moment ago. */
  readonly fresh?: boolean;
}

/** What to do about a failed renewal, and the error to show when it means the end. */
export function judgeRenewalFailure(
  failure: RenewalFailure,
  botUser: string,
): { verdict: Verdict; error: TeleportError } {
  const { error, expired } = failure;
  if (isGenerationMismatch(error)) return { verdict: 'stop', error: lockedByMismatch(botUser, error) };
  if (isMissingUser(error)) {
    return { verdict: 'stop', error: botGone(botUser, error) };
  }
  if (isUntrusted(error)) {
    if (failure.fresh) return { verdict: 'retry', error };
    return { verdict: 'rejoin', error: authorityGone(botUser, error) };
  }
  if (failure.everythingRefused || isLockRefusal(error)) return { verdict: 'stop', error: locked(botUser, error) };
  if (expired || error.code === 'expired') {
    return { verdict: 'rejoin', error: ended(error) };
  }
  return { verdict: error.code === 'version_mismatch' ? 'stop' : 'retry', error };
}

/** The server counts the renewals of a bot; a copy that lags behind is taken for a stolen one. */
export function isGenerationMismatch(error: unknown): boolean {
  return error instanceof TeleportError && /generation mismatch/.test(error.message);
}

/** The full text of a lock, which is shown where the caller itself is not locked, e.g. to one who joins. */
export function isLockRefusal(error: unknown): boolean {
  return (
    error instanceof TeleportError && (error.code === 'locked' || /lock targeting .* is in force/.test(error.message))
  );
}

/** The user of the certificate is not there any more: every call is refused like that. */
export function isMissingUser(error: TeleportError): boolean {
  return /"user" .* does not exist/.test(error.message);
}

/** The bot was deleted. */
export function botGone(botUser: string, cause: unknown): TeleportError {
  return new TeleportError('access_denied', `the cluster does not know the bot user ${botUser} any more`, {
    hint: 'was the bot deleted? Create it again and join with a new token',
    cause,
  });
}

/** The bot's own copy of its identity is behind the server's count: the server has locked the bot. */
export function lockedByMismatch(botUser: string, cause: unknown): TeleportError {
  return new TeleportError(
    'locked',
    `the cluster has counted a renewal that this copy of the identity does not have, and has locked the bot user ${botUser}`,
    {
      hint:
        `if nobody copied the identity (the agent was cut off in the middle of a renewal), remove all locks on the user: ` +
        `\`tctl get locks\`, then \`tctl rm lock/<name>\` for each that targets ${botUser}; then join again with a new token, the stored identity cannot be used any more`,
      cause,
    },
  );
}

/** Everything is refused: a lock on the bot user or on one of its roles. */
export function locked(botUser: string, cause: unknown, renewalInterrupted = false): TeleportError {
  const after = renewalInterrupted
    ? 'the agent was cut off in the middle of a renewal, so a new token is needed as well'
    : 'then start the agent again; if it is locked once more, or its identity has ended meanwhile, a new token is needed';
  return new TeleportError('locked', `the cluster refuses every call of the bot user ${botUser}: it is locked`, {
    hint: `remove all locks on it and on its roles: \`tctl get locks\`, then \`tctl rm lock/<name>\` for each that targets ${botUser}; ${after}`,
    cause,
  });
}

function ended(cause: TeleportError): TeleportError {
  return new TeleportError('expired', 'the identity of the bot has ended and could not be renewed in time', {
    hint: 'the bot must join again: make a new token and pass it by --token or onboarding.token',
    cause,
  });
}
