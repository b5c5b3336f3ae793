import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from './clock.ts';
import type { CallOptions } from './destination-host.ts';
import type { Identity } from './identity.ts';
import type { Logger } from './logger.ts';
import { tlsCertificatesOf } from './trusted-authority.ts';

/** How a client in an identity's name gets to the cluster. */
export interface IdentityClientOptions extends CallOptions {
  /** `host:port` of proxies and auth services; for a leaf cluster it has to be a proxy. */
  readonly addresses: (leaf: string | undefined) => Promise<readonly string[]> | readonly string[];
  /** CA certificates (PEM) for the proxy's web certificate, besides Node's own. */
  readonly webCa?: readonly string[] | undefined;
  readonly insecure?: boolean | undefined;
  readonly skipVersionCheck?: boolean | undefined;
  /** What hints tell the user to install in another version. */
  readonly packageName?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly logger: Logger;
}

/**
 * A connected client of the cluster that the identity is for. The client's library is loaded by the first call.
 *
 * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate, else as `connect`
 */
export async function clientForIdentity(identity: Identity, options: IdentityClientOptions): Promise<Client> {
  const { privateKey, tlsCertificate: cert, authorities } = identity;
  if (!cert) throw unusable('holds no X.509 certificate');
  if (!privateKey) throw unusable('does not hold its private key', 'ask for it without public keys of your own');
  const leaf = leafOf(identity);
  const addresses = await options.addresses(leaf);
  const { connect, loadTLS } = await import('@teleport-ts/api-client');
  const { webCa, insecure = false, skipVersionCheck, packageName, clock, logger, signal, timeoutMs } = options;
  return await connect({
    addresses,
    credentials: loadTLS({ cert, key: privateKey, ca: tlsCertificatesOf(authorities, 'host') }),
    trust: { ...(webCa && { webCa }), insecureDiscovery: insecure },
    ...(skipVersionCheck !== undefined && { skipVersionCheck }),
    packageName: packageName ?? '@teleport-ts/tbot-core',
    ...(timeoutMs !== undefined && { timeouts: { connectMs: timeoutMs } }),
    ...(clock && { clock }),
    logger,
    ...(signal && { signal }),
    ...(leaf !== undefined && { cluster: leaf }),
  });
}

/** The leaf cluster that an identity is for; undefined when it is for the cluster that issued it. */
function leafOf({ route, tls }: Identity): string | undefined {
  const cluster = route?.cluster || tls.routeToCluster;
  return cluster && tls.teleportCluster && cluster !== tls.teleportCluster ? cluster : undefined;
}

function unusable(why: string, hint?: string): TeleportError {
  const message = `the identity ${why}, which a client of the cluster needs`;
  return new TeleportError('bad_parameter', message, hint === undefined ? {} : { hint });
}
