import { decodeClusterName } from '@teleport-ts/api-types';
import type { ClientHello } from './client-hello.ts';

/** Where a connection to the proxy's one port goes. */
export type ProxyRoute =
  | { readonly to: 'auth'; readonly cluster: string }
  | { readonly to: 'web' }
  /** gRPC with a certificate. */
  | { readonly to: 'transport' }
  /** Nobody serves it: the connection is closed without an alert. */
  | { readonly to: 'nobody'; readonly reason: string };

/** SSH to the tunnel endpoint. Nothing is behind it here, but clients look whether its handshake gets through. */
export const TUNNEL_PROTOCOLS: readonly string[] = ['teleport-reversetunnel', 'teleport-reversetunnelv2'];

const AUTH_PREFIX = 'teleport-auth@';

/** `teleport.transport.v1`: what connections through the proxy are made by. */
export const TRANSPORT_PROTOCOL = 'teleport-proxy-ssh-grpc';
/** gRPC without a certificate, for those who want to join. */
export const JOIN_PROTOCOL = 'teleport-proxy-grpc';

/**
 * Protocols that the web listener answers the handshake of: HTTP, joining, and those by which clients test what is in
 * between.
 */
const WEB_PROTOCOLS: ReadonlySet<string> = new Set([
  'http/1.1',
  'h2',
  'teleport-auth',
  JOIN_PROTOCOL,
  ...TUNNEL_PROTOCOLS,
]);

/**
 * Walks the client's protocols in the client's order; the first one that has a route decides.
 *
 * The proxy does not answer for auth: the connection is handed on as it came, so that there is one TLS layer and the
 * server certificate is auth's.
 */
export function routeOf({ protocols }: ClientHello): ProxyRoute {
  if (protocols.length === 0) return { to: 'web' };
  for (const protocol of protocols) {
    if (protocol.startsWith(AUTH_PREFIX)) {
      const cluster = decodeClusterName(protocol.slice(AUTH_PREFIX.length));
      return cluster === undefined ? { to: 'nobody', reason: `${protocol} names no cluster` } : { to: 'auth', cluster };
    }
    if (protocol === TRANSPORT_PROTOCOL) return { to: 'transport' };
    if (WEB_PROTOCOLS.has(protocol)) return { to: 'web' };
  }
  return { to: 'nobody', reason: `no route for ${protocols.join(', ')}` };
}

/** Whether the first of the client's protocols that the web listener knows is the one for joining. */
export function routesToJoin(protocols: readonly string[]): boolean {
  return protocols.find((protocol) => WEB_PROTOCOLS.has(protocol)) === JOIN_PROTOCOL;
}
