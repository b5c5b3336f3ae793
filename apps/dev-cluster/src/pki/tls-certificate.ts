import type { KeyObject } from 'node:crypto';
import type { CertAuthority } from './cert-authority.ts';
import { readCertifiedKey } from './public-key.ts';
import type { TlsAuthority } from './tls-authority.ts';
import { tenYearsMs } from './tls-authority.ts';
import { type TlsIdentityInput, tlsSubject } from './tls-subject.ts';
import { basicConstraintsLeaf, keyUsage, serverAndClientAuth, subjectAltName } from './x509-extensions.ts';
import { certificatePem, randomSerial, signCertificate } from './x509-writer.ts';

export interface TlsCertificateRequest {
  /** PEM (PKIX or PKCS#1) or a key object. */
  readonly publicKey: string | KeyObject;
  readonly identity: TlsIdentityInput;
  readonly notAfter: Date;
  /** Default one minute ago. */
  readonly notBefore?: Date;
  /** Host names and IP addresses; none on a user's certificate. */
  readonly sans?: readonly string[];
}

/** A certificate is good from a minute before it was made, for clocks that are behind. */
export const backdateMs = 60_000;

/**
 * Issues the X.509 certificate of a user, a bot or a host; PEM.
 *
 * @throws TeleportError `bad_parameter` when the public key is unreadable
 */
export function issueTlsCertificate(authority: CertAuthority, request: TlsCertificateRequest): string {
  const teleportCluster = request.identity.teleportCluster ?? authority.clusterName;
  return signTlsCertificate(authority.tls, {
    publicKey: request.publicKey,
    subjectName: tlsSubject({ ...request.identity, teleportCluster }),
    notBefore: request.notBefore ?? new Date(authority.clock.now() - backdateMs),
    notAfter: request.notAfter,
    purpose: serverAndClientAuth,
    ...(request.sans ? { sans: request.sans } : {}),
  });
}

interface TlsCertificateContent {
  readonly publicKey: string | KeyObject;
  readonly subjectName: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The extended key usage extension. */
  readonly purpose: Buffer;
  readonly sans?: readonly string[];
}

const signatureOnly = keyUsage('digitalSignature');
const signatureAndEncipherment = keyUsage('digitalSignature', 'keyEncipherment');

/** Signs a certificate that is no authority, with the extensions in Teleport's order; PEM. */
export function signTlsCertificate(authority: TlsAuthority, content: TlsCertificateContent): string {
  const publicKey = readCertifiedKey(content.publicKey);
  const { sans = [] } = content;
  const der = signCertificate(
    {
      serial: randomSerial(),
      issuerName: authority.name,
      notBefore: content.notBefore,
      notAfter: content.notAfter,
      subjectName: content.subjectName,
      publicKeyDer: publicKey.der,
      extensions: [
        publicKey.isRsa ? signatureAndEncipherment : signatureOnly,
        content.purpose,
        basicConstraintsLeaf,
        authority.keyIdentifierExtension,
        ...(sans.length > 0 ? [subjectAltName(sans)] : []),
      ],
    },
    authority.privateKey,
  );
  return certificatePem(der);
}

/** System roles whose certificates answer for `teleport.cluster.local`, and those that may name more hosts. */
const clusterLocalRoles = new Set(['Auth', 'Admin', 'Proxy', 'Kube', 'App', 'Db', 'WindowsDesktop', 'Okta']);
const dnsNameRoles = new Set(['Auth', 'Admin', 'Proxy', 'Kube', 'WindowsDesktop']);

export interface HostCertificateRequest {
  readonly publicKey: string | KeyObject;
  readonly hostId: string;
  /** A system role such as `Auth`, `Proxy`, `Node`. */
  readonly role: string;
  readonly systemRoles?: readonly string[];
  readonly additionalPrincipals?: readonly string[];
  /** Taken over for roles that serve the public, passed over for all others. */
  readonly dnsNames?: readonly string[];
  /** Default ten years from now. */
  readonly notAfter?: Date;
}

/** Issues the X.509 identity of a host, as the auth service and the proxy show it to their callers; PEM. */
export function issueHostTlsCertificate(authority: CertAuthority, request: HostCertificateRequest): string {
  const { role } = request;
  return issueTlsCertificate(authority, {
    publicKey: request.publicKey,
    identity: {
      user: `${request.hostId}.${authority.clusterName}`,
      roles: [role],
      ...(request.systemRoles ? { systemRoles: request.systemRoles } : {}),
    },
    notAfter: request.notAfter ?? new Date(authority.clock.now() + tenYearsMs),
    sans: [
      ...(request.additionalPrincipals ?? []),
      ...(clusterLocalRoles.has(role) ? ['*.teleport.cluster.local', 'teleport.cluster.local'] : []),
      ...(dnsNameRoles.has(role) ? (request.dnsNames ?? []) : []),
    ],
  });
}
