import type { CallPolicy } from './calls/call-environment.ts';
import type { Clock } from './clock.ts';
import type { ReloadOptions } from './connection/credential-renewal.ts';
import type { CredentialSource } from './credentials/credential-source.ts';
import type { CustomDialer, DialStrategy } from './dialing/custom-dialer.ts';
import type { Logger } from './logger.ts';

/** What `connect` takes. */
export interface ClientOptions extends CallPolicy {
  /**
   * Where to dial: `host:port` of an auth service or of a proxy's web address; which of the two it is, is found out.
   * Without a port 443 (proxy) and 3025 (auth service) are tried. Of several addresses the first that answers is taken.
   * Default: what the credential knows, as that of `loadProfile` does.
   */
  readonly addresses?: readonly string[];
  /** Who calls; asked again for each new connection, and when it may have changed. */
  readonly credentials: CredentialSource;
  /**
   * How a changed credential is noticed while the client is connected; calls then move to a new connection. `false`: only
   * when a connection is made, and by `client.reloadCredentials()`. Default: its files are watched, and looked at once a
   * minute.
   */
  readonly reload?: ReloadOptions | false;
  /** Which ways to the cluster are tried, in which order, how soon one after another. Default: all that the address allows. */
  readonly strategy?: DialStrategy;
  /**
   * Opens the connection to each address in a way of the caller's own. It is then the only way, unless `strategy.fallback`
   * says that the others follow when it fails. What it opens leads to an auth service or to a proxy's web port. Where no
   * address is known it is asked for `teleport.cluster.local:3025`.
   */
  readonly dial?: CustomDialer;
  /** Connect to a server of any version. What then works is not known. Default false. */
  readonly skipVersionCheck?: boolean;
  /** The package that hints tell the user to install in another version. Default `@teleport-ts/api-client`. */
  readonly packageName?: string;
  readonly trust?: {
    /** CA certificates (PEM) of the proxy's web certificate, besides Node's own list and NODE_EXTRA_CA_CERTS. */
    readonly webCa?: readonly string[];
    /** Ask a proxy what it is without checking its web certificate. The calls themselves stay checked. Default false. */
    readonly insecureDiscovery?: boolean;
  };
  readonly timeouts?: {
    /** For connecting, all attempts together. Default 30 seconds; one attempt gets a third of it. */
    readonly connectMs?: number;
    /** For a call with one answer that names no limit itself. Default 60 seconds; 0 is no limit. */
    readonly callMs?: number;
  };
  /** Goes first in the user agent, `my-program/1.2`. */
  readonly userAgent?: string;
  readonly logger?: Logger;
  /** Gives up connecting. Has no effect on a connected client. */
  readonly signal?: AbortSignal;
  /**
   * A leaf cluster, dialed through the root's proxy; the credential must hold the leaf's host CA, as those of tbot's outputs do.
   * `client.forCluster` of the root's client does without. Default: the root itself.
   */
  readonly cluster?: string;
  readonly clock?: Clock;
}
