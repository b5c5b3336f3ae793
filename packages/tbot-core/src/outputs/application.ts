import { formatCertAuthorityLine, formatIdentityFile, TeleportError } from '@teleport-ts/api-types';
import type { ApplicationIdentityRequest, CallOptions, DestinationHost } from '../destination-host.ts';
import type { Destination, FileSet, WriteResult } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { type TrustedAuthority, tlsCertificatesOf } from '../trusted-authority.ts';

export interface ApplicationOutputOptions extends CallOptions {
  /** Adds `tls.crt`, `tls.key` and `tls.cas`, for programs that insist on such names. Default false. */
  readonly specificTlsNaming?: boolean;
}

/** What an output wrote, and the credential in it. */
export interface OutputResult extends WriteResult {
  readonly identity: Identity;
}

/**
 * Asks for a credential for one application and writes it: the same files, in the same form, as the application output
 * of Go's tbot, so that what reads those reads these.
 *
 * | File | Content |
 * | --- | --- |
 * | `tlscert`, `key` | X.509 certificate and its private key, PEM |
 * | `key.pub`, `key-cert.pub` | public key and certificate, OpenSSH |
 * | `identity` | all in one, Teleport's identity file |
 * | `teleport-host-ca.crt`, `teleport-user-ca.crt`, `teleport-database-ca.crt` | whom to trust, PEM |
 * | `.write-test` | empty |
 *
 * The destination is left as it was when the credential cannot be had.
 *
 * @throws what {@link DestinationHost.generateIdentity} and {@link Destination.write} throw
 * @example
 * await writeApplicationOutput(host, { kind: 'application', name: 'grafana' }, destination);
 */
export async function writeApplicationOutput(
  host: DestinationHost,
  request: ApplicationIdentityRequest,
  destination: Destination,
  options: ApplicationOutputOptions = {},
): Promise<OutputResult> {
  const { specificTlsNaming = false, ...call } = options;
  const identity = await host.generateIdentity(request, call);
  const files = applicationFiles(identity, { specificTlsNaming });
  return { ...(await destination.write(files)), identity };
}

/** The files of an application output, in the order in which they are put into place. */
export function applicationFiles(identity: Identity, options: { readonly specificTlsNaming?: boolean } = {}): FileSet {
  const { privateKeyPem: key, tlsCertificate, sshCertificate, authorities } = identity;
  if (!key || !tlsCertificate || !sshCertificate) {
    throw new TeleportError('bad_parameter', 'an application output needs the private key and both certificates');
  }
  const hostCa = tlsCertificatesOf(authorities, 'host').join('');
  return {
    '.write-test': '',
    'teleport-host-ca.crt': hostCa,
    'teleport-user-ca.crt': tlsCertificatesOf(authorities, 'user').join(''),
    'teleport-database-ca.crt': tlsCertificatesOf(authorities, 'db').join(''),
    identity: identityFile(identity, { key, tlsCertificate, sshCertificate }),
    'key-cert.pub': `${sshCertificate}\n`,
    tlscert: tlsCertificate,
    key,
    'key.pub': `${identity.sshPublicKey}\n`,
    ...(options.specificTlsNaming ? { 'tls.crt': tlsCertificate, 'tls.key': key, 'tls.cas': hostCa } : {}),
  };
}

/** The identity file of tbot names the host authorities of all clusters that are trusted, and no others. */
function identityFile(
  identity: Identity,
  parts: { readonly key: string; readonly tlsCertificate: string; readonly sshCertificate: string },
): string {
  const hosts = identity.authorities.filter((authority: TrustedAuthority) => authority.type === 'host');
  return formatIdentityFile({
    privateKey: parts.key,
    tlsCertificate: parts.tlsCertificate,
    sshCertificate: parts.sshCertificate,
    sshAuthorities: hosts.flatMap(({ cluster, sshPublicKeys }) =>
      sshPublicKeys.map((publicKey) => formatCertAuthorityLine({ cluster, publicKey })),
    ),
    tlsAuthorities: hosts.flatMap((authority) => authority.tlsCertificates),
  });
}
