import { parseSshPublicKey, type TlsIdentityFields, type Traits } from '@teleport-ts/api-types';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { lockError, lockOn } from '../access/locks.ts';
import type { RoleSet } from '../access/role-set.ts';
import { emitCertificate } from '../audit/certificate-event.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound, unknownError } from '../errors.ts';
import { certificateLogins, issueSshUserCertificate } from '../pki/ssh-certificate.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import { reaches } from '../trust/remote-cluster.ts';

/** What is to be certified; all decisions about it are made. */
export interface CertificateGrant {
  readonly user: string;
  readonly roles: RoleSet;
  readonly traits: Traits;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly sshPublicKey: Buffer;
  readonly tlsPublicKey: Buffer;
  readonly routeToCluster: string;
  readonly kubernetesCluster: string;
  readonly activeRequests: readonly string[];
  /** What else stands in the certificate: routes, marks of a bot, usage, where from. */
  readonly marks: Partial<TlsIdentityFields>;
  /** Only on the own certificates of bots, which otherwise could not tell who their server is. */
  readonly includeHostAuthority: boolean;
  /** The program that asked, for the audit log. */
  readonly userAgent?: string;
}

/**
 * Issues what is granted, in the order of the real one's last checks: keys, locks, target cluster, Kubernetes cluster.
 *
 * @throws TeleportError with the texts of the real one
 */
export function issueCertificates(context: ClusterContext, grant: CertificateGrant): Certs {
  const { authorities } = context;
  if (grant.sshPublicKey.length === 0 && grant.tlsPublicKey.length === 0)
    throw badParameter('must provide a public key');
  checkLocks(context, grant.user, grant.roles.names, grant.activeRequests);
  checkTargets(context, grant);
  const sshKey = grant.sshPublicKey.length > 0 ? readSshKey(grant.sshPublicKey) : undefined;
  const tlsKey = grant.tlsPublicKey.length > 0 ? readTlsKey(grant.tlsPublicKey) : undefined;

  const identity = identityOf(context, grant);
  const authority = authorities.signing('user');
  const notAfter = new Date(grant.expires);
  const ssh = sshKey
    ? `${issueSshUserCertificate(authority, { publicKey: sshKey, identity, validBefore: notAfter, permissions: grant.roles.permits })}\n`
    : '';
  const tls = tlsKey ? issueTlsCertificate(authority, { publicKey: tlsKey, identity, notAfter }) : '';
  emitCertificate(context.audit, identity, notAfter, grant.userAgent);
  const types = grant.includeHostAuthority ? (['user', 'host'] as const) : (['user'] as const);
  return {
    SSH: Buffer.from(ssh),
    TLS: Buffer.from(tls),
    TLSCACerts: types.flatMap((type) => authorities.tlsCertificates(type)).map((pem) => Buffer.from(pem)),
    SSHCACerts: types.flatMap((type) => authorities.sshPublicKeys(type)).map((line) => Buffer.from(line)),
  };
}

/** @throws TeleportError `access_denied` with the lock's full text */
export function checkLocks(
  { state, clock }: ClusterContext,
  user: string,
  roles: readonly string[],
  accessRequests: readonly string[],
): void {
  const lock = lockOn({ user, roles, accessRequests }, state.locks.values(), clock.now());
  if (lock) throw lockError(lock);
}

function checkTargets({ state }: ClusterContext, { roles, routeToCluster, kubernetesCluster }: CertificateGrant): void {
  if (routeToCluster !== '' && routeToCluster !== state.name) {
    const leaf = state.remoteClusters.get(routeToCluster);
    if (!leaf) throw notFound(`remote cluster ${JSON.stringify(routeToCluster)} is not found`);
    if (!reaches(roles, leaf)) throw notFound(`remote cluster ${JSON.stringify(routeToCluster)} not found`);
    // What the leaf has is the leaf's business.
    return;
  }
  // Whether somebody serves it, not whether the caller may use it.
  const isServed = (): boolean =>
    state.kubernetesServers.values().some(({ Spec }) => Spec?.Cluster?.Metadata?.Name === kubernetesCluster);
  if (kubernetesCluster !== '' && !isServed()) {
    throw badParameter(
      `Kubernetes cluster ${JSON.stringify(kubernetesCluster)} is not registered in this Teleport cluster; ` +
        "you can list registered Kubernetes clusters using 'tsh kube ls'",
    );
  }
}

function identityOf(
  { state }: ClusterContext,
  grant: CertificateGrant,
): Parameters<typeof issueTlsCertificate>[1]['identity'] {
  const { user, roles, traits } = grant;
  return {
    ...grant.marks,
    user,
    roles: roles.names,
    logins: certificateLogins(roles.allowed('Logins')),
    traits,
    routeToCluster: grant.routeToCluster || state.name,
    teleportCluster: state.name,
    kubernetesUsers: roles.allowed('KubeUsers'),
    kubernetesGroups: roles.allowed('KubeGroups'),
    databaseNames: roles.allowed('DatabaseNames'),
    databaseUsers: roles.allowed('DatabaseUsers'),
    awsRoleArns: roles.allowed('AWSRoleARNs'),
    azureIdentities: roles.allowed('AzureIdentities'),
    gcpServiceAccounts: roles.allowed('GCPServiceAccounts'),
    activeRequests: grant.activeRequests,
    userType: 'local',
    privateKeyPolicy: 'none',
  };
}

/** @throws TeleportError `unknown` */
export function readSshKey(key: Buffer): string {
  const line = key.toString();
  try {
    parseSshPublicKey(line);
    return line;
  } catch {
    throw unknownError('ssh: no key found');
  }
}

function readTlsKey(key: Buffer): string {
  const pem = key.toString();
  if (!/-----BEGIN [A-Z ]*PUBLIC KEY-----/.test(pem)) throw badParameter('failed to decode public key PEM block');
  return pem;
}
