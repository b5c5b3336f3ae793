import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { parseTlsIdentity, type TlsIdentity } from '@teleport-ts/api-types';
import { SYSTEM_ROLES } from '@teleport-ts/api-types/resources/system-roles';
import type { VerifiedPeer } from '../access/authenticate.ts';
import { ALERT } from './tls-alert.ts';

/** An authority whose certificates a client may show. */
export interface ClientAuthority {
  readonly type: 'user' | 'host';
  readonly cluster: string;
  readonly certificates: readonly X509Certificate[];
}

/** Why a client certificate is refused: by an alert, or by closing the connection without a word. */
export class ClientCertificateError extends Error {
  override readonly name = 'ClientCertificateError';
  /** The alert (RFC 8446, 6.2) for what Go's TLS refuses; none for what Teleport refuses later. */
  readonly alert: number | undefined;

  constructor(message: string, { alert, ...options }: ErrorOptions & { readonly alert?: number } = {}) {
    super(message, options);
    this.alert = alert;
  }
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
/**
 * Whether a certificate is good at `now`, and for whom. This is done here and not by OpenSSL because a test decides what
 * time it is, and because what a certificate may be used for stands in Teleport's part of the subject.
 *
 * @throws ClientCertificateError
 */
function verifyClientCertificate(
  certificate: X509Certificate,
  authorities: readonly ClientAuthority[],
  now: number,
): VerifiedPeer {
  const identity = readIdentity(certificate);
  if (now < identity.notBefore.getTime())
    throw new ClientCertificateError('certificate is not yet valid', { alert: ALERT.certificateExpired });
  if (now > identity.notAfter.getTime())
    throw new ClientCertificateError('certificate has expired', { alert: ALERT.certificateExpired });
  const issuer = authorities.find(({ certificates }) => certificates.some((ca) => isIssuedBy(certificate, ca, now)));
  if (!issuer)
    throw new ClientCertificateError('certificate is signed by an unknown certificate authority', {
      alert: ALERT.unknownCa,
    });
  if (certificate.keyUsage && !certificate.keyUsage.includes(CLIENT_AUTH)) {
    throw new ClientCertificateError('certificate is not for TLS clients', { alert: ALERT.badCertificate });
  }
  if (identity.teleportCluster !== undefined && identity.teleportCluster !== issuer.cluster) {
    throw new ClientCertificateError(
      `certificate of cluster ${identity.teleportCluster} is issued by ${issuer.cluster}`,
    );
  }
  const isSystem = identity.roles.some((role) => SYSTEM_ROLES.has(role));
  if (isSystem !== (issuer.type === 'host')) {
    throw new ClientCertificateError(
      `certificate with the roles ${identity.roles} is issued by a ${issuer.type} authority`,
    );
  }
  return { identity, isHost: issuer.type === 'host', cluster: issuer.cluster };
}

function readIdentity(certificate: X509Certificate): TlsIdentity {
  try {
    return parseTlsIdentity(certificate);
  } catch (error) {
    throw new ClientCertificateError('certificate holds no identity', { cause: error });
  }
}

function isIssuedBy(certificate: X509Certificate, ca: X509Certificate, now: number): boolean {
  try {
    return (
      Date.parse(ca.validFrom) <= now &&
      now <= Date.parse(ca.validTo) &&
      certificate.checkIssued(ca) &&
      certificate.verify(ca.publicKey)
    );
  } catch {
    return false; // a signature of a kind that the authority's key cannot have made
  }
}

/**
 * The certificate that a client has shown, verified; undefined if it has shown none.
 *
 * @throws ClientCertificateError
 */
export function peerOf(
  socket: TLSSocket,
  authorities: readonly ClientAuthority[],
  now: number,
): VerifiedPeer | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  // Whatever was sent behind the first one, related to it or not.
  if (certificate.issuerCertificate) {
    throw new ClientCertificateError('client sent a chain of certificates, expected one');
  }
  return verifyClientCertificate(certificate, authorities, now);
}
