import { join } from 'node:path';
import { type CredentialSource, loadIdentityFile, loadTLS } from '@teleport-ts/api-client/ssh';
import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { SshProxyPlan } from './plan.ts';

/** What the connection to a proxy needs. */
export interface ProxyAccess {
  readonly credentials: CredentialSource;
  /** Of the node, where nobody says another. */
  readonly cluster: string;
  /** That issued the credentials. */
  readonly homeCluster: string;
  /** Undefined where only the command line can tell. */
  readonly proxyAddress?: string;
}

/** Reads the identity file of an output, or asks an agent. @throws TeleportError */
export async function proxyAccess(plan: SshProxyPlan): Promise<ProxyAccess> {
  return plan.identity.kind === 'directory' ? fromDirectory(plan.identity.path) : fromAgent(plan, plan.identity);
}

async function fromDirectory(path: string): Promise<ProxyAccess> {
  const credentials = loadIdentityFile(join(path, 'identity'));
  const { cluster = '' } = await credentials.current().catch((error: unknown) => {
    if (!isTeleportError(error, 'not_found')) throw error;
    const hint = 'it should be the directory that an identity output, or `tbot generate … identity --out`, wrote';
    throw new TeleportError('not_found', error.message, { hint, cause: error });
  });
  return { credentials, cluster, homeCluster: cluster };
}

async function fromAgent(
  { cluster, timeoutMs }: SshProxyPlan,
  { socket, roles }: { readonly socket: string; readonly roles?: readonly string[] },
): Promise<ProxyAccess> {
  const { SocketHost, tlsCertificatesOf } = await import('@teleport-ts/tbot-core/client');
  await using host = new SocketHost({ socket, timeoutMs, userAgent: 'tbot' });
  const request = { kind: 'identity', ...(cluster && { cluster }), ...(roles && { roles }) } as const;
  const { tlsCertificate: cert, privateKeyPem: key, authorities, route } = await host.generateIdentity(request);
  if (!cert || !key) throw new TeleportError('unknown', 'the agent issued no X.509 certificate');
  const credentials = loadTLS({ cert, key, ca: tlsCertificatesOf(authorities, 'host') });
  const { cluster: homeCluster = '' } = await credentials.current();
  return {
    credentials,
    cluster: route?.cluster ?? homeCluster,
    homeCluster,
    ...(route?.proxyAddress && { proxyAddress: route.proxyAddress }),
  };
}
