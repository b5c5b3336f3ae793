import { formatGoDuration, isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { BotIdentity } from '../bot-identity/bot-identity.ts';
import { isLockRefusal } from '../bot-identity/failure-verdict.ts';

/** The error of a refused or failed join, as an operator should read it. The token is taken out of every text. */
export function joinError(error: unknown, token: string): unknown {
  if (!isTeleportError(error)) return error;
  const clean = (text: string): string => text.replaceAll(token, '<token>');
  const options = { retryable: error.retryable, ...(error.rpc !== undefined && { rpc: error.rpc }) };
  if (error.code === 'access_denied' && /expired or not found/.test(error.message)) {
    return new TeleportError(
      'access_denied',
      'the cluster does not accept the join token: it is not known there, has expired, or was used already',
      {
        ...options,
        hint: 'a token is good for one join to one cluster: make a new one with `tctl bots instances add <bot>`, and check the address',
      },
    );
  }
  if (isLockRefusal(error)) {
    return new TeleportError('locked', `the cluster refuses the join: ${clean(error.message)}`, {
      ...options,
      hint: 'remove the lock with `tctl rm lock/<name>` (`tctl get locks` lists them) and join again: the token was not used up',
    });
  }
  if (error.code === 'access_denied') {
    return new TeleportError('access_denied', `the cluster refuses the join: ${clean(error.message)}`, {
      ...options,
      ...(error.hint && { hint: error.hint }),
    });
  }
  if (!error.message.includes(token)) return error;
  return new TeleportError(error.code, clean(error.message), {
    ...options,
    ...(error.hint && { hint: clean(error.hint) }),
  });
}

/**
 * Refuses an identity that this machine's clock takes for not yet begun or already over: nothing could be done with it.
 *
 * @throws TeleportError `unknown` saying how far the clocks are apart
 */
export function checkClock(identity: BotIdentity, nowMs: number): void {
  if (identity.validAt(nowMs)) return;
  const { notBefore, notAfter } = identity.tls;
  const hint = `set the clock of this machine: it says ${new Date(nowMs).toISOString()}`;
  const early = notBefore.getTime() - nowMs;
  const whole = (ms: number): string => formatGoDuration(Math.ceil(ms / 1000) * 1000);
  if (early > 0) {
    const message = `clock skew: the certificate is not yet valid, it begins ${whole(early)} from now by the clock of this machine`;
    throw new TeleportError('unknown', message, { hint });
  }
  const message = `clock skew: the certificate that was just issued ended ${whole(nowMs - notAfter.getTime())} ago by the clock of this machine`;
  throw new TeleportError('unknown', message, { hint });
}
