import type { TlsIdentity } from '@teleport-ts/api-types';
import type { CredentialKind, Identity, IdentityRoute } from '@teleport-ts/tbot-core';
import type { AdmittedRequest } from '../policy/admit.ts';

/** What the cluster writes into a certificate that is good for one kind alone. */
const USAGE: Partial<Record<CredentialKind, string>> = {
  application: 'usage:apps',
  database: 'usage:db',
  kubernetes: 'usage:kube',
};

/** The shortest SSH certificate that a cluster signs, whatever was asked for. */
const SHORTEST_MS = 60_000;
/** Clusters write whole seconds. */
const ROUNDING_MS = 2_000;

/**
 * What came back is what was admitted, or nobody gets it: roles, target, cluster, lifetime, and for a confined request what
 * the certificate may be used for. What the certificate says counts, not only what the issuer says of it.
 *
 * @param issuedAtMs when the cluster had answered
 * @param fullName of what was discovered under the asked name, where that has been admitted too
 * @throws Error which tells how the credential differs
 */
export function checkAnswer(
  admitted: AdmittedRequest,
  identity: Identity,
  issuedAtMs: number,
  fullName: string = admitted.name,
): void {
  const difference = differenceOf(admitted, identity, issuedAtMs, fullName);
  if (difference) throw new Error(`the issued credential is not the one that was admitted: it ${difference}`);
}

function differenceOf(
  admitted: AdmittedRequest,
  identity: Identity,
  issuedAtMs: number,
  fullName: string,
): string | undefined {
  const { kind, cluster, roles, confined, ttl } = admitted;
  const { route, sshCertificate } = identity;
  const name = nameOf(kind, route);
  if (name === undefined || route?.cluster !== cluster) return 'leads elsewhere';
  if (name !== admitted.name && name !== fullName) return 'leads elsewhere';
  if (roles && identity.roles.some((role) => !roles.includes(role))) return 'holds other roles';
  const longestMs = Math.max(ttl.effectiveMs, SHORTEST_MS) + ROUNDING_MS;
  if (identity.expires.getTime() - issuedAtMs > longestMs) return 'lives longer';
  if (confined && sshCertificate !== undefined) return 'is good for more than its kind';
  if (identity.tlsCertificate === undefined) return undefined;

  const { tls } = identity;
  if (targetOf(tls) !== (kind === 'identity' ? '' : `${kind} ${name}`)) return 'leads elsewhere';
  if (![tls.routeToCluster, tls.app?.clusterName ?? ''].every((at) => at === '' || at === cluster)) {
    return 'leads to another cluster';
  }
  if (kind === 'database' && !isAccount(admitted, tls)) return 'is for another account';
  if (confined && !isConfined(kind, tls)) return 'is good for more than its kind';
  return undefined;
}

/** The name that the route has; undefined for the route of another kind. */
function nameOf(kind: CredentialKind, route: IdentityRoute | undefined): string | undefined {
  if (kind !== 'identity') return route?.[kind]?.name;
  return route?.application || route?.database || route?.kubernetes ? undefined : '';
}

/** All that the certificate leads to, in one text. */
function targetOf({ app, database, kubernetesCluster }: TlsIdentity): string {
  const targets: string[] = [];
  if (app?.name !== undefined) targets.push(`application ${app.name}`);
  if (database?.service !== undefined) targets.push(`database ${database.service}`);
  if (kubernetesCluster !== undefined) targets.push(`kubernetes ${kubernetesCluster}`);
  return targets.join(', ');
}

function isAccount({ username, database }: AdmittedRequest, { database: route }: TlsIdentity): boolean {
  // Redis has an account for those who name none.
  const unnamed = route?.protocol === 'redis' ? 'default' : '';
  return (route?.user ?? '') === (username ?? unnamed) && (route?.name ?? '') === (database ?? '');
}

function isConfined(kind: CredentialKind, { usage }: TlsIdentity): boolean {
  return usage.length > 0 && usage.every((word) => word === USAGE[kind]);
}
