import { TeleportError } from '@teleport-ts/api-types';
import { type Client, ConnectedClient } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import { systemClock } from './clock.ts';
import { parseAddress } from './dialing/address.ts';
import { ConnectError } from './dialing/dial-attempt.ts';
import { Dialer } from './dialing/dialer.ts';
import { dialAny } from './dialing/race.ts';
import { scope } from './dialing/scope.ts';
import { silentLogger } from './logger.ts';
import { packageVersion } from './package-version.ts';

const CONNECT_MS = 30_000;
const CALL_MS = 60_000;
/** The part of the whole time that one attempt gets, so that a silent address leaves time for the others. */
const ATTEMPT_SHARE = 1 / 3;

/**
 * Connects to a Teleport cluster: reads the credential, finds out whether the address is a proxy's or an auth service's,
 * dials it, and checks that the server's version fits. Connected means that the server has answered a call.
 *
 * ```ts
 * await using client = await connect({
 *   addresses: ['teleport.example.com:443'],
 *   credentials: loadIdentityFile('identity'),
 * });
 * console.log(await client.ping());
 * ```
 *
 * @throws TeleportError when the credential is unusable: `expired`, `bad_parameter`, `not_found`
 * @throws ConnectError when no address can be reached; it lists every attempt
 * @throws the reason of `signal`, when that was aborted
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const { addresses, credentials, signal, clock = systemClock, logger = silentLogger, timeouts = {} } = options;
  signal?.throwIfAborted();
  if (addresses.length === 0) {
    throw new TeleportError('bad_parameter', 'no address was given', {
      hint: 'name the web address of a proxy or an auth service, as host:port',
    });
  }
  const parsed = addresses.map(parseAddress);
  const connectMs = timeouts.connectMs ?? CONNECT_MS;
  const limit = scope(clock, connectMs, signal);
  try {
    const credential = await credentials.current({ signal: limit.signal });
    credential.assertValidAt(clock.now());
    const dialer = new Dialer({
      source: credentials,
      ...(options.cluster !== undefined && { cluster: options.cluster }),
      web: {
        ...(options.trust?.webCa && { webCa: options.trust.webCa }),
        insecure: options.trust?.insecureDiscovery ?? false,
      },
      checkVersion: !options.skipVersionCheck,
      userAgent: [options.userAgent, `teleport-ts/${packageVersion()}`].filter(Boolean).join(' '),
      attemptMs: Math.max(1, Math.floor(connectMs * ATTEMPT_SHARE)),
      clock,
      logger,
    });
    const dialed = await dialAny(dialer, parsed, clock, limit.signal);
    if (!dialed) throw failure(dialer, limit.timedOut, connectMs);
    const { address, method } = dialed.connection.route;
    logger.debug({ address, method, server: dialed.server }, 'connected');
    return new ConnectedClient({ ...dialed, callMs: timeouts.callMs ?? CALL_MS });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error;
  } finally {
    limit.end();
  }
}

function failure(dialer: Dialer, timedOut: boolean, connectMs: number): TeleportError {
  if (dialer.failed.length > 0) return new ConnectError(dialer.failed);
  const message = timedOut ? `nothing answered within ${connectMs} ms` : 'no address could be tried';
  return new TeleportError('timeout', `cannot connect to Teleport: ${message}`);
}
