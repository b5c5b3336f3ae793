import type { Clock } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import { formatAddress } from './address.ts';
import { authAlpn, authoritiesOf } from './target.ts';

/** One way to one auth service: where the socket goes and what TLS says on it. */
export interface Route {
  readonly method: 'auth' | 'tls-routing';
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  readonly alpn: readonly string[];
  /** The credential for the next connection, found valid, and whom it trusts there. */
  credential(signal: AbortSignal): Promise<{ readonly set: CredentialSet; readonly ca: readonly string[] }>;
}

interface RouteOptions {
  readonly method: 'auth' | 'tls-routing';
  readonly host: string;
  readonly port: number;
  readonly source: CredentialSource;
  readonly clock: Clock;
  /** The cluster to reach. Through a proxy it must be known; an auth service is taken for the credential's cluster. */
  readonly cluster?: string;
}

/** A route to an auth service itself, or through a proxy's web port by TLS routing. */
export function route({ method, host, port, source, clock, cluster }: RouteOptions): Route {
  return {
    method,
    host,
    port,
    address: formatAddress(host, port),
    alpn: cluster !== undefined && method === 'tls-routing' ? authAlpn(cluster) : ['h2'],
    async credential(signal) {
      const set = await source.current({ signal });
      set.assertValidAt(clock.now());
      return { set, ca: authoritiesOf(set, cluster ?? set.cluster) };
    },
  };
}
