import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { formatAddress } from './address.ts';
import type { DialMethod, DialStage } from './dial-attempt.ts';
import { authAlpn, authoritiesOf } from './target.ts';

/** A way that calls can go. */
export type CallingMethod = Exclude<DialMethod, 'find'>;

/**
 * Opens the byte stream below Teleport's TLS, and says how far it has come. What it opens ends when it is destroyed, not
 * with the signal.
 */
export type OpenStream = (signal: AbortSignal, reached: (stage: DialStage) => void) => Promise<Duplex>;

/** One way to one auth service: where the bytes go and what TLS says on them. */
export interface Route {
  readonly method: CallingMethod;
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  readonly alpn: readonly string[];
  /** Absent where plain TCP to host and port is all there is: grpc-js makes that itself. */
  readonly open?: OpenStream;
  /** Longest time for the TLS handshake, where it differs from the other parts of a connection. */
  readonly handshakeMs?: number;
  /** The HTTP proxy that is on the way, without its password. */
  readonly httpProxy?: string;
  /** The cluster that is reached; undefined is the credential's own. */
  readonly cluster?: string;
  /** The credential for the next connection, found valid, and whom it trusts there. */
  credential(signal: AbortSignal): Promise<{ readonly set: CredentialSet; readonly ca: readonly string[] }>;
}

/** What {@link route} takes. */
export interface RouteOptions {
  readonly method: CallingMethod;
  readonly host: string;
  readonly port: number;
  readonly source: CredentialSource;
  readonly clock: Clock;
  /** The cluster to reach. Through a proxy it must be known; an auth service is taken for the credential's cluster. */
  readonly cluster?: string;
  /** Default: as the auth service, or the proxy's forwarding to it, wants it. */
  readonly alpn?: readonly string[];
  readonly open?: OpenStream;
  readonly handshakeMs?: number;
  readonly httpProxy?: string;
}

/** A route to an auth service. */
export function route(options: RouteOptions): Route {
  const { method, host, port, source, clock, cluster, alpn, open, handshakeMs, httpProxy } = options;
  return {
    method,
    host,
    port,
    address: formatAddress(host, port),
    alpn: alpn ?? (cluster !== undefined && method !== 'auth' ? authAlpn(cluster) : ['h2']),
    ...(open && { open }),
    ...(handshakeMs !== undefined && { handshakeMs }),
    ...(httpProxy !== undefined && { httpProxy }),
    ...(cluster !== undefined && { cluster }),
    async credential(signal) {
      const set = await source.current({ signal });
      set.assertValidAt(clock.now());
      return { set, ca: authoritiesOf(set, cluster ?? set.cluster) };
    },
  };
}
