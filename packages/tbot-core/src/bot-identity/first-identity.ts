import { isTeleportError } from '@teleport-ts/api-types';
import type { BotSettings } from '../bot-settings.ts';
import { joinByToken } from '../join/join.ts';
import { readJoinToken } from '../join/join-token.ts';
import type { BotIdentity } from './bot-identity.ts';
import { type BotIdentityStore, hashToken } from './bot-identity-store.ts';
import { retryConnecting } from './retry-connecting.ts';
import { decideStart } from './start-decision.ts';

/** The identity that a bot starts with. */
export interface FirstIdentity {
  readonly identity: BotIdentity;
  /** It was stored: renew it before anything else. */
  readonly stored: boolean;
  /** It is on disk. A fresh one that could not be written is kept all the same, its token is used up. */
  readonly saved: boolean;
  /** The last process ended in the middle of a renewal of it. */
  readonly renewalInterrupted: boolean;
}

/**
 * Picks up the stored identity or joins, as {@link decideStart} says.
 *
 * @throws TeleportError of the decision, of the store, or of the join
 */
export async function firstIdentity(
  store: BotIdentityStore,
  persistent: boolean,
  settings: BotSettings,
  signal: AbortSignal | undefined,
): Promise<FirstIdentity> {
  const { clock, logger } = settings;
  const stored = await store.load();
  const token = await configuredToken(settings, stored.state === 'found');
  const tokenHash = token === undefined ? undefined : hashToken(token);
  const decision = decideStart(stored, { tokenHash, nowMs: clock.now(), persistent });
  if (decision.action === 'renew') {
    const { identity, renewalInterrupted } = decision;
    return { identity, stored: true, saved: true, renewalInterrupted };
  }
  // A token is good for one join: find out now, not afterwards, whether its fruit can be kept.
  await store.noteJoin();
  logger.info({ address: settings.dial.address, reason: decision.reason }, 'joining the cluster');
  const identity = await retryConnecting(settings, signal, () => join(settings, token!, signal));
  logger.info(
    { user: identity.tls.user, cluster: identity.cluster, expires: identity.tls.notAfter },
    'joined the cluster',
  );
  return { identity, stored: false, saved: await saved(store, identity, settings), renewalInterrupted: false };
}

/**
 * Joins with a token that `identity` was not made with.
 *
 * @returns undefined when there is none
 */
export async function rejoin(identity: BotIdentity, settings: BotSettings): Promise<BotIdentity | undefined> {
  const token = await configuredToken(settings, true);
  if (token === undefined || hashToken(token) === identity.tokenHash) return undefined;
  return await join(settings, token, undefined);
}

function join(settings: BotSettings, token: string, signal: AbortSignal | undefined): Promise<BotIdentity> {
  const { dial, proxy, onboarding, ttlMs } = settings;
  return joinByToken({ dial, proxy, onboarding, token, ttlMs, signal });
}

/** @param optional an identity is there, so that a token file that has gone since does no harm */
async function configuredToken({ onboarding, logger }: BotSettings, optional: boolean): Promise<string | undefined> {
  if (onboarding.token === undefined) return undefined;
  try {
    return await readJoinToken(onboarding.token);
  } catch (error) {
    if (!optional || !isTeleportError(error)) throw error;
    logger.debug({ error: error.message }, 'going on without the join token');
    return undefined;
  }
}

async function saved(store: BotIdentityStore, identity: BotIdentity, { logger }: BotSettings): Promise<boolean> {
  try {
    await store.save(identity);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ error: reason }, 'the new identity cannot be saved, it is kept in memory and tried again');
    return false;
  }
}
