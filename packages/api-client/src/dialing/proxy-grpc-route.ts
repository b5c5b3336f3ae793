import type { Clock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import type { WebOptions } from '../web/web-request.ts';
import type { Address } from './address.ts';
import { httpProxyFor } from './http-proxy.ts';
import { openStream } from './http-tunnel.ts';
import { type Route, route } from './route.ts';

/** On the proxy's SSH port `h2` alone does too. */
const PROXY_GRPC_ALPN: readonly string[] = ['teleport-proxy-ssh-grpc', 'h2'];
/** A proxy behind a balancer that speaks plain HTTP with it upgrades, and then never says a word. */
export const UPGRADED_HANDSHAKE_MS = 5_000;

export interface ProxyGrpcRouteOptions {
  readonly source: CredentialSource;
  readonly clock: Clock;
  /** Through a connection upgrade of the web address; whom to trust there. */
  readonly upgrade?: Pick<WebOptions, 'webCa' | 'insecure'>;
}

/**
 * The way to a proxy's own gRPC service, on its web port or on its SSH port.
 *
 * @throws TeleportError `bad_parameter` when the environment names an HTTP proxy that is none
 */
export function proxyGrpcRoute({ host, port }: Required<Address>, options: ProxyGrpcRouteOptions): Route {
  const { source, clock, upgrade: web } = options;
  const proxy = httpProxyFor(host, port);
  const common = { method: 'proxy-grpc', host, port, source, clock, alpn: PROXY_GRPC_ALPN } as const;
  if (web) {
    return route({
      ...common,
      handshakeMs: UPGRADED_HANDSHAKE_MS,
      open: async (signal, reached) => {
        const { openUpgrade } = await import('./connection-upgrade.ts');
        return openUpgrade({ host, port, proxy, web }, signal, reached);
      },
    });
  }
  return route({ ...common, ...(proxy && { open: (...args) => openStream({ host, port, proxy }, ...args) }) });
}
