import { createHash } from 'node:crypto';
import { type CertificateInput, readX509 } from './x509-certificate.ts';

/**
 * The pin of a certificate authority: `sha256:` and the lower-case hex SHA-256 of the certificate's
 * SubjectPublicKeyInfo, as `tctl status` prints it and tbot's `ca_pins` takes it.
 *
 * During a rotation a cluster has two authorities, so two pins.
 *
 * @throws TeleportError `bad_parameter` if `certificate` is none; of several in one PEM text the first counts
 */
export function caPin(certificate: CertificateInput): string {
  return `sha256:${createHash('sha256').update(readX509(certificate).publicKeyDer).digest('hex')}`;
}
