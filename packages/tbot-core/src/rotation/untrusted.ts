import { isTeleportError, TeleportError } from '@teleport-ts/api-types';

/**
 * So long after it was issued a certificate may be refused for its authority: right after a rotation has begun, a cluster signs
 * with a new authority up to a minute before all its listeners know it (seen on an 18.0.0).
 */
export const ROTATION_LAG_MS = 120_000;

/** Whether the other side does not know the authority of our certificate. */
export function isUntrusted(error: unknown): boolean {
  return (
    isTeleportError(error) &&
    /does not know the authority that issued|alert number 48\b|alert unknown ca|ALERT_UNKNOWN_CA|unknown certificate authority/.test(
      error.message,
    )
  );
}

/** A certificate that the cluster has just issued and does not take yet. */
export function notTakenYet(cause: unknown): TeleportError {
  return new TeleportError(
    'connection_problem',
    'the cluster has just rotated an authority and does not take yet what the new one has signed',
    { retryable: true, hint: 'try again in a minute', cause },
  );
}

/** A certificate whose authority was rotated away. */
export function authorityGone(botUser: string, cause: unknown): TeleportError {
  return new TeleportError(
    'expired',
    `the cluster does not know the authority any more that has signed the identity of the bot user ${botUser}`,
    {
      hint: 'its authority was rotated while the agent was away: the bot must join again, with a new token by --token or onboarding.token',
      cause,
    },
  );
}
