import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import type { BotIdentity } from './bot-identity.ts';
import type { StoredIdentity } from './bot-identity-store.ts';

/** What the bot does first. */
export type StartDecision =
  | { readonly action: 'renew'; readonly identity: BotIdentity; readonly renewalInterrupted: boolean }
  | { readonly action: 'join'; readonly reason: string };

/** What decides about the start besides the store. */
export interface StartFacts {
  /** SHA-256 of the configured token, hex; absent when none is configured or its file cannot be read. */
  readonly tokenHash?: string | undefined;
  readonly nowMs: number;
  /** A memory store forgets with the process, which a message then says. */
  readonly persistent: boolean;
}

/**
 * Renew or join, as tbot 18 decides: a stored identity is renewed while it is valid and its token is still the configured
 * one; with another token the bot joins anew.
 *
 * @throws TeleportError `expired` for an identity that is over and no other token to join with; `bad_parameter` when there is
 * neither an identity nor a token; `unknown` for a certificate that this machine's clock takes for not yet valid
 */
export function decideStart(stored: StoredIdentity, facts: StartFacts): StartDecision {
  if (stored.state !== 'found') return joinOrFail(stored, facts);
  const { identity, renewalInterrupted } = stored;
  const otherToken = facts.tokenHash !== undefined && facts.tokenHash !== identity.tokenHash;
  if (otherToken)
    return { action: 'join', reason: 'the configured token is another than the one of the stored identity' };
  if (identity.validAt(facts.nowMs)) return { action: 'renew', identity, renewalInterrupted };
  const { notBefore, notAfter } = identity.tls;
  if (facts.nowMs < notBefore.getTime()) {
    const ahead = formatGoDuration(Math.ceil((notBefore.getTime() - facts.nowMs) / 1000) * 1000);
    throw new TeleportError(
      'unknown',
      `the stored identity is not yet valid: it begins ${ahead} from now by this machine's clock`,
      {
        hint: `set the clock of this machine: it says ${new Date(facts.nowMs).toISOString()}`,
      },
    );
  }
  if (facts.tokenHash !== undefined)
    return { action: 'join', reason: `the stored identity ended at ${notAfter.toISOString()}` };
  throw new TeleportError('expired', `the stored identity of the bot ended at ${notAfter.toISOString()}`, {
    hint: 'the bot must join again: make a new token and pass it by --token or onboarding.token',
  });
}

function joinOrFail(stored: StoredIdentity & { state: 'none' | 'unreadable' }, facts: StartFacts): StartDecision {
  if (facts.tokenHash !== undefined) {
    return {
      action: 'join',
      reason:
        stored.state === 'none'
          ? 'no identity is stored'
          : `the stored identity cannot be used: ${stored.reason.message}`,
    };
  }
  const hint = facts.persistent
    ? 'make a token and pass it by --token or onboarding.token'
    : 'a memory store forgets at each restart: make a new token and pass it by --token, or use a directory store';
  if (stored.state === 'none')
    throw new TeleportError('bad_parameter', 'there is no stored identity and no token to join with', { hint });
  throw new TeleportError('bad_parameter', `${stored.reason.message}, and there is no token to join with`, {
    hint,
    cause: stored.reason,
  });
}
