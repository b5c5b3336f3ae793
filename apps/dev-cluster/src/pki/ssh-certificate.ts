import { type KeyObject, randomUUID } from 'node:crypto';
import { formatTraits, parseSshPublicKey, type SshPublicKey, sshPublicKeyBlob } from '@teleport-ts/api-types';
import type { CertAuthority } from './cert-authority.ts';
import { signSshCertificate } from './ssh-writer.ts';
import { backdateMs } from './tls-certificate.ts';
import { rfc3339, type TlsIdentityInput } from './tls-subject.ts';

/** Nobody can log in as this one; it lets OpenSSH agents forward the certificate when joining a session. */
export const joinPrincipal = '-teleport-internal-join';

const minimumValidityMs = 60_000;

/** The logins that both certificates of a user carry: his own, or one that fits nowhere, and the join principal. */
export function certificateLogins(logins: readonly string[]): string[] {
  return [...(logins.length > 0 ? logins : [`-teleport-nologin-${randomUUID()}`]), joinPrincipal];
}

/** What the roles of a user allow on a node. */
export interface SshPermissions {
  readonly portForwarding?: boolean;
  readonly agentForwarding?: boolean;
  readonly x11Forwarding?: boolean;
}

export interface SshUserCertificateRequest {
  /** An authorized_keys line or a key object. */
  readonly publicKey: string | KeyObject;
  /** The same identity as in the TLS certificate; its logins become the principals. */
  readonly identity: TlsIdentityInput;
  /** Moved back to one minute from now when it is sooner. */
  readonly validBefore: Date;
  readonly permissions?: SshPermissions;
  /** Further extensions, such as the roles' `cert_extensions`. */
  readonly extensions?: ReadonlyMap<string, string>;
}

/**
 * Issues a user's SSH certificate; a line without a newline.
 *
 * @throws TeleportError `bad_parameter` when the public key is unreadable
 */
export function issueSshUserCertificate(authority: CertAuthority, request: SshUserCertificateRequest): string {
  const { identity } = request;
  const now = authority.clock.now();
  const criticalOptions = new Map<string, string>();
  if (identity.pinnedIp) {
    criticalOptions.set('source-address', `${identity.pinnedIp}/${identity.pinnedIp.includes(':') ? 128 : 32}`);
  }
  return signSshCertificate(
    {
      kind: 'user',
      publicKey: readSshKey(request.publicKey),
      keyId: identity.user,
      principals: identity.logins ?? [],
      validAfter: new Date(now - backdateMs),
      validBefore: new Date(Math.max(request.validBefore.getTime(), now + minimumValidityMs)),
      criticalOptions,
      extensions: userExtensions(identity, request.permissions ?? {}, request.extensions ?? new Map()),
    },
    authority.ssh.privateKey,
  );
}

function userExtensions(
  identity: TlsIdentityInput,
  permissions: SshPermissions,
  further: ReadonlyMap<string, string>,
): Map<string, string> {
  const extensions = new Map([['permit-pty', '']]);
  const text = (name: string, value: string | undefined): void => {
    if (value) extensions.set(name, value);
  };
  const flag = (name: string, value: boolean | undefined): void => {
    if (value) extensions.set(name, '');
  };
  flag('permit-port-forwarding', permissions.portForwarding);
  flag('permit-agent-forwarding', permissions.agentForwarding);
  flag('permit-X11-forwarding', permissions.x11Forwarding);
  text('mfa-verified', identity.mfaVerified);
  text('prev-identity-expires', rfc3339(identity.previousIdentityExpires));
  text('login-ip', identity.loginIp);
  text('impersonator', identity.impersonator);
  flag('disallow-reissue', identity.disallowReissue);
  flag('renewable', identity.renewable);
  text('generation', identity.generation ? String(identity.generation) : undefined);
  text('bot-name@goteleport.com', identity.botName);
  text('bot-instance-id@goteleport.com', identity.botInstanceId);
  text('teleport-allowed-resources', listText(identity.allowedResources));
  text('teleport-connection-diagnostic-id', identity.connectionDiagnosticId);
  text('private-key-policy', identity.privateKeyPolicy);
  text('teleport-device-id', identity.device?.id);
  text('teleport-device-asset-tag', identity.device?.assetTag);
  text('teleport-device-credential-id', identity.device?.credentialId);
  for (const [name, value] of further) extensions.set(name, value);
  text('teleport-traits', formatTraits(identity.traits ?? {}));
  text('teleport-roles', identity.roles.length > 0 ? JSON.stringify({ roles: identity.roles }) : undefined);
  text('teleport-route-to-cluster', identity.routeToCluster);
  text(
    'teleport-active-requests',
    identity.activeRequests?.length ? JSON.stringify({ access_requests: identity.activeRequests }) : undefined,
  );
  return extensions;
}

function listText(values: readonly string[] | undefined): string | undefined {
  return values?.length ? JSON.stringify(values) : undefined;
}

export interface SshHostCertificateRequest {
  readonly publicKey: string | KeyObject;
  /** A system role, such as `Node`. */
  readonly role: string;
  /** The host's UUID; without it only the principals given are certified. */
  readonly hostId?: string;
  readonly nodeName?: string;
  readonly principals?: readonly string[];
  /** Default: the cluster of the authority. */
  readonly clusterName?: string;
  /** Absent: the certificate never expires. */
  readonly validBefore?: Date;
}

/**
 * Issues a host's SSH certificate; a line without a newline.
 *
 * @throws TeleportError `bad_parameter` when the public key is unreadable
 */
export function issueSshHostCertificate(authority: CertAuthority, request: SshHostCertificateRequest): string {
  const { clusterName = authority.clusterName } = request;
  return signSshCertificate(
    {
      kind: 'host',
      publicKey: readSshKey(request.publicKey),
      keyId: '',
      principals: hostPrincipals(clusterName, request),
      validAfter: new Date(authority.clock.now() - backdateMs),
      ...(request.validBefore ? { validBefore: request.validBefore } : {}),
      criticalOptions: new Map(),
      extensions: new Map([
        ['x-teleport-role', request.role],
        ['x-teleport-authority', clusterName],
      ]),
    },
    authority.ssh.privateKey,
  );
}

function hostPrincipals(clusterName: string, request: SshHostCertificateRequest): string[] {
  const { hostId, nodeName, role, principals = [] } = request;
  if (role === 'Admin') return [...new Set([hostId ?? '', ...principals])];
  const own = hostId
    ? [
        `${hostId}.${clusterName}`,
        hostId,
        ...(nodeName ? [`${nodeName}.${clusterName}`, nodeName] : []),
        'localhost',
        '127.0.0.1',
        '::1',
      ]
    : [];
  return [...new Set([...own, ...principals])];
}

function readSshKey(key: string | KeyObject): Pick<SshPublicKey, 'type' | 'blob'> {
  return typeof key === 'string' ? parseSshPublicKey(key) : sshPublicKeyBlob(key);
}
