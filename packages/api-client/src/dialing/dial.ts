import { TeleportError } from '@teleport-ts/api-types';
import { ConnectError } from './dial-attempt.ts';
import { type Dialed, Dialer, type DialOptions } from './dialer.ts';
import { dialAny } from './race.ts';
import type { Way } from './way.ts';

/**
 * Makes a connection to a cluster by any way to any of its addresses. Connected means that the server has answered a call.
 *
 * @param again `prefer`: the route that worked last, tried first and given a good start; `signal`: gives up
 * @throws ConnectError when nothing worked; it lists every attempt
 * @throws the reason of the signal
 */
export async function dial(options: DialOptions, again: { prefer?: Way; signal: AbortSignal }): Promise<Dialed> {
  const { prefer, signal } = again;
  signal.throwIfAborted();
  const dialer = new Dialer(options);
  const dialed = await dialAny(dialer, prefer, signal);
  if (dialed) return dialed;
  // Those that had failed before the time was up are worth more than the news that it was.
  if (dialer.failed.length > 0) throw new ConnectError(dialer.failed);
  signal.throwIfAborted();
  throw new TeleportError('timeout', 'cannot connect to Teleport: no address could be tried');
}
