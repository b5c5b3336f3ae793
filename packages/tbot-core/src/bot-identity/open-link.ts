import type { Client } from '@teleport-ts/api-client';
import { isTeleportError } from '@teleport-ts/api-types';
import type { BotSettings } from '../bot-settings.ts';
import { sleep } from '../clock.ts';
import { BotLink } from '../cluster/bot-link.ts';
import { dial } from '../cluster/dial.ts';
import { authorityGone, isUntrusted, ROTATION_LAG_MS } from '../rotation/untrusted.ts';
import type { BotIdentity } from './bot-identity.ts';
import { botGone, isMissingUser, locked } from './failure-verdict.ts';
import type { FirstIdentity } from './first-identity.ts';
import { LOCK_CHECK_MS } from './identity-keeper.ts';
import { retryConnecting } from './retry-connecting.ts';

/** Between two looks whether the cluster takes an identity that it has just issued. */
const TAKEN_CHECK_MS = 5_000;

/**
 * The first connection. A fresh identity has nowhere to go back to, so it is tried for longer; a stored one waits on disk.
 * A refusal before anything was asked, twice, means a lock.
 */
export async function openLink(
  first: FirstIdentity,
  settings: BotSettings,
  signal: AbortSignal | undefined,
): Promise<BotLink> {
  const { identity, renewalInterrupted } = first;
  const user = identity.tls.user;
  const open = (by: BotIdentity, until?: AbortSignal): Promise<Client> => dial(settings.dial, by, { signal: until });
  const link = (): Promise<BotLink> => BotLink.open(open, identity, signal);
  try {
    return await (first.stored ? link() : retryConnecting(settings, signal, link));
  } catch (error) {
    if (isUntrusted(error)) return await whenTaken(error, link, identity, settings, signal);
    if (!isTeleportError(error, 'access_denied')) throw error;
    if (isMissingUser(error)) throw botGone(user, error);
    await sleep(settings.clock, LOCK_CHECK_MS, signal);
    return await link().catch((again: unknown) => {
      throw isTeleportError(again, 'access_denied') ? locked(user, again, renewalInterrupted) : again;
    });
  }
}

/** What was issued a moment ago may be refused for its authority, and is taken soon; what is older never again. */
async function whenTaken(
  refusal: unknown,
  link: () => Promise<BotLink>,
  { life, tls }: BotIdentity,
  { clock, logger }: BotSettings,
  signal: AbortSignal | undefined,
): Promise<BotLink> {
  for (let error = refusal; clock.now() < life.issuedAtMs + ROTATION_LAG_MS; ) {
    logger.warn(
      { error: (error as Error).message, retryInMs: TAKEN_CHECK_MS },
      'the cluster does not take the new identity yet',
    );
    await sleep(clock, TAKEN_CHECK_MS, signal);
    try {
      return await link();
    } catch (again) {
      if (!isUntrusted(again)) throw again;
      error = again;
    }
  }
  throw authorityGone(tls.user, refusal);
}
