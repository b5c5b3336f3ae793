import type { Duplex } from 'node:stream';
import { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import type { CredentialSource } from '../credentials/credential-source.ts';
import type { WebOptions } from '../web/web-request.ts';
import { formatAddress } from './address.ts';
import type { ConnectionOptions } from './connection.ts';
import type { CustomDialer } from './custom-dialer.ts';
import { httpProxyFor } from './http-proxy.ts';
import { openStream } from './http-tunnel.ts';
import { proxyGrpcRoute, UPGRADED_HANDSHAKE_MS } from './proxy-grpc-route.ts';
import { type CallingMethod, type OpenStream, type Route, route } from './route.ts';
import { authAlpn } from './target.ts';

/** A method and where it goes: what of a route can be kept, and taken to another cluster. */
export interface Way {
  readonly method: CallingMethod;
  readonly host: string;
  readonly port: number;
  /** The cluster that it led to. */
  readonly cluster?: string;
}

/** What routes are made with. */
export interface WayOptions {
  readonly source: CredentialSource;
  readonly clock: Clock;
  readonly web: Pick<WebOptions, 'webCa' | 'insecure'>;
  readonly dial?: CustomDialer | undefined;
  /** For the connection to a proxy that carries the one to the auth service. */
  readonly connection: ConnectionOptions;
}

/**
 * The route by a way to a cluster.
 *
 * @param cluster undefined is the credential's own; through a proxy's web port it must be known
 * @throws TeleportError `bad_parameter` when the environment names an HTTP proxy that is none
 */
export function routeBy(way: Way, cluster: string | undefined, options: WayOptions): Route {
  const { method, host, port } = way;
  const { source, clock, web, connection } = options;
  const common = { method, host, port, source, clock, ...(cluster !== undefined && { cluster }) };
  if (method === 'dialer') return route({ ...common, open: openByCaller(options.dial, formatAddress(host, port)) });
  const proxy = httpProxyFor(host, port);
  const target = { host, port, proxy };
  const through = proxy ? { httpProxy: proxy.url } : {};
  switch (method) {
    case 'tls-routing-upgrade':
      return route({
        ...common,
        ...through,
        handshakeMs: Math.min(UPGRADED_HANDSHAKE_MS, connection.connectMs),
        open: async (signal, reached) => {
          const { openUpgrade } = await import('./connection-upgrade.ts');
          return openUpgrade({ ...target, web }, signal, reached);
        },
      });
    case 'proxy-grpc': {
      const outer = proxyGrpcRoute({ host, port }, { source, clock });
      return route({
        ...common,
        ...through,
        alpn: cluster === undefined ? ['h2'] : authAlpn(cluster),
        open: async (signal, reached) => {
          const { openClusterStream } = await import('./cluster-stream.ts');
          return openClusterStream(outer, cluster ?? '', connection, signal, reached);
        },
      });
    }
    default:
      return route({ ...common, ...through, ...(proxy && { open: (...args) => openStream(target, ...args) }) });
  }
}

function openByCaller(dial: CustomDialer | undefined, address: string): OpenStream {
  return async (signal, reached) => {
    if (!dial) throw new TypeError('there is no dialer');
    reached('tcp');
    const stream: unknown = await dial(address, { signal });
    if (isStream(stream)) return stream;
    throw new TeleportError('bad_parameter', `the function dial gave no stream for ${address}`, {
      hint: 'it should give a Duplex, such as a connected net.Socket',
    });
  };
}

function isStream(value: unknown): value is Duplex {
  const stream = value as Partial<Duplex> | null | undefined;
  return typeof stream?.pipe === 'function' && typeof stream.write === 'function';
}
