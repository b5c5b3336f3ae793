import { TeleportError } from '@teleport-ts/api-types';
import { type Client, ConnectedClient } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import type { Clock } from './clock.ts';
import type { Address } from './dialing/address.ts';
import { ConnectError } from './dialing/dial-attempt.ts';
import { Dialer } from './dialing/dialer.ts';
import { dialAny } from './dialing/race.ts';
import type { Scope } from './dialing/scope.ts';
import { silentLogger } from './logger.ts';
import { packageVersion } from './package-version.ts';
import { StatusHub } from './status/status-hub.ts';

/** The part of the whole time that one attempt gets, so that a silent address leaves time for the others. */
const ATTEMPT_SHARE = 1 / 3;

/** Dials the addresses and makes the client; the credential has been looked at. */
export async function openClient(
  options: ClientOptions,
  addresses: readonly Address[],
  limit: Scope,
  { connectMs, clock }: { readonly connectMs: number; readonly clock: Clock },
): Promise<Client> {
  const { logger = silentLogger, trust, cluster } = options;
  const dialer = new Dialer({
    source: options.credentials,
    ...(cluster !== undefined && { cluster }),
    web: { ...(trust?.webCa && { webCa: trust.webCa }), insecure: trust?.insecureDiscovery ?? false },
    checkVersion: !options.skipVersionCheck,
    userAgent: [options.userAgent, `teleport-ts/${packageVersion()}`].filter(Boolean).join(' '),
    attemptMs: Math.max(1, Math.floor(connectMs * ATTEMPT_SHARE)),
    clock,
    logger,
  });
  const dialed = await dialAny(dialer, addresses, clock, limit.signal);
  if (!dialed) throw failure(dialer, limit.timedOut, connectMs);
  const { address, method } = dialed.connection.route;
  logger.debug({ address, method, server: dialed.server }, 'connected');
  const status = new StatusHub();
  status.emit({ type: 'ready', method, address, serverVersion: dialed.server.version });
  return new ConnectedClient({ ...dialed, policy: options, clock, status });
}

function failure(dialer: Dialer, timedOut: boolean, connectMs: number): TeleportError {
  if (dialer.failed.length > 0) return new ConnectError(dialer.failed);
  const message = timedOut ? `nothing answered within ${connectMs} ms` : 'no address could be tried';
  return new TeleportError('timeout', `cannot connect to Teleport: ${message}`);
}
