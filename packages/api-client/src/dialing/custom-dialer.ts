import type { Duplex } from 'node:stream';

/**
 * Opens the connection to an address in a way of the caller's own: through a jump host, a SOCKS proxy, another process
 * (RFD 10's ContextDialer). The client speaks TLS over what it gives, be it to an auth service or to a proxy's web port.
 *
 * ```ts
 * const dial: CustomDialer = async (address, { signal }) => jumpHost.forward(address, { signal });
 * ```
 *
 * @param address one of the client's addresses, as it was written
 * @param options `signal`: the attempt was given up; what is opened later should be closed
 * @returns a stream of raw bytes; a `net.Socket` is one. The client destroys it when it is done
 */
export type CustomDialer = (address: string, options: { readonly signal: AbortSignal }) => Promise<Duplex> | Duplex;

/** Which ways are tried, and in which order. */
export interface DialStrategy {
  /**
   * The ways to try first, in this order; the others come after them unless `onlyListed`. Default: by the address, port
   * 3025 is dialed directly first, all others are taken for a proxy's.
   */
  readonly order?: readonly ('auth' | 'tls-routing' | 'tls-routing-upgrade' | 'proxy-grpc')[];
  /** How far behind the likelier way the next one starts, unless that has failed before. Default 250 milliseconds. */
  readonly staggerMs?: number;
  /** Nothing but the ways in `order`. A listed upgrade is then tried without finding out whether one is needed. */
  readonly onlyListed?: boolean;
  /** When the caller's own `dial` has failed, the other ways are tried. Default false: it is alone. */
  readonly fallback?: boolean;
}
