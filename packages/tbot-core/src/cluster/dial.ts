import type { KeyObject } from 'node:crypto';
import { type Client, connect, loadTLS } from '@teleport-ts/api-client';
import { type Clock, systemClock } from '../clock.ts';
import type { Logger } from '../logger.ts';

/** How the cluster is reached; the same for every connection of a bot. */
export interface DialSettings {
  /** `host:port` of an auth service or a proxy. */
  readonly address: string;
  /** CA certificates (PEM) for the proxy's web certificate, besides Node's own. */
  readonly webCa?: readonly string[] | undefined;
  /** Do not verify the proxy's web certificate. The cluster's own is verified all the same. */
  readonly insecure?: boolean | undefined;
  readonly skipVersionCheck?: boolean | undefined;
  /** What hints tell the user to install in another version. */
  readonly packageName: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who connects, and whom it trusts. */
export interface DialCredential {
  readonly tlsCertificate: string;
  readonly privateKey: KeyObject;
  /** PEM; of several clusters those of the dialled one count. */
  readonly tlsAuthorities: readonly string[];
}

/** Opens a connection to the cluster's auth service, or to that of a leaf by name; open means that it has answered. */
export function dial(
  settings: DialSettings,
  credential: DialCredential,
  options: { cluster?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Client> {
  return connect({
    addresses: [settings.address],
    credentials: loadTLS({
      cert: credential.tlsCertificate,
      key: credential.privateKey,
      ca: credential.tlsAuthorities,
    }),
    trust: { ...(settings.webCa && { webCa: settings.webCa }), insecureDiscovery: settings.insecure ?? false },
    skipVersionCheck: settings.skipVersionCheck ?? false,
    packageName: settings.packageName,
    ...oneTry,
    clock: dialClock(settings.clock),
    logger: settings.logger,
    ...(options.cluster !== undefined && { cluster: options.cluster }),
    ...(options.signal && { signal: options.signal }),
  });
}

/**
 * What is tried again, and when, is the bot's to decide: it knows which call counts on the server, and a renewal that is sent
 * twice locks it.
 */
export const oneTry = { retry: false, breaker: false } as const;

/** The given time decides about validity; how long a socket may take is up to the machine's. */
export function dialClock(clock: Clock): Clock {
  return { now: () => clock.now(), setTimer: systemClock.setTimer };
}
