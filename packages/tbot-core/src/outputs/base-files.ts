import { formatCertAuthorityLine, formatIdentityFile, TeleportError } from '@teleport-ts/api-types';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';

/** Key and X.509 certificate of a credential, PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly tlsCertificate: string;
}

/** @throws TeleportError `bad_parameter` when one of them is not there */
export function keyAndCertificate({ privateKeyPem: key, tlsCertificate }: Identity): KeyAndCertificate {
  if (!key || !tlsCertificate) {
    throw new TeleportError('bad_parameter', 'an output needs the private key and the X.509 certificate');
  }
  return { key, tlsCertificate };
}

/**
 * The files that every output has, in the same form as those of Go's tbot, so that what reads those reads these.
 *
 * | File | Content |
 * | --- | --- |
 * | `tlscert`, `key` | X.509 certificate and its private key, PEM |
 * | `key.pub`, `key-cert.pub` | public key and certificate, OpenSSH |
 * | `identity` | all in one, Teleport's identity file |
 * | `teleport-host-ca.crt`, `teleport-user-ca.crt`, `teleport-database-ca.crt` | whom to trust, PEM |
 * | `.write-test` | empty |
 *
 * A credential that is confined to its kind has no SSH certificate: `key-cert.pub` is removed then.
 *
 * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate
 */
export function baseFiles(identity: Identity): FileSet {
  const { key, tlsCertificate } = keyAndCertificate(identity);
  const { authorities, sshCertificate } = identity;
  return {
    '.write-test': '',
    'teleport-host-ca.crt': tlsCertificatesOf(authorities, 'host').join(''),
    'teleport-user-ca.crt': tlsCertificatesOf(authorities, 'user').join(''),
    'teleport-database-ca.crt': tlsCertificatesOf(authorities, 'db').join(''),
    identity: identityFile(identity),
    'key-cert.pub': sshCertificate === undefined ? null : `${sshCertificate}\n`,
    tlscert: tlsCertificate,
    key,
    'key.pub': `${identity.sshPublicKey}\n`,
  };
}

/** `tls.crt`, `tls.key` and `tls.cas` (the host authorities), for programs that insist on such names. */
export function tlsNamedFiles(identity: Identity): FileSet {
  const { key, tlsCertificate } = keyAndCertificate(identity);
  return {
    'tls.crt': tlsCertificate,
    'tls.key': key,
    'tls.cas': tlsCertificatesOf(identity.authorities, 'host').join(''),
  };
}

/**
 * A credential as Teleport's identity file, which `tsh -i` and every Teleport client reads. As tbot's it names the host
 * authorities of all clusters that are trusted, and no others.
 *
 * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate
 */
export function identityFile(identity: Identity): string {
  const { key, tlsCertificate } = keyAndCertificate(identity);
  const hosts = identity.authorities.filter(({ type }) => type === 'host');
  return formatIdentityFile({
    privateKey: key,
    tlsCertificate,
    ...(identity.sshCertificate === undefined ? {} : { sshCertificate: identity.sshCertificate }),
    sshAuthorities: hosts.flatMap(({ cluster, sshPublicKeys }) =>
      sshPublicKeys.map((publicKey) => formatCertAuthorityLine({ cluster, publicKey })),
    ),
    tlsAuthorities: hosts.flatMap((authority) => authority.tlsCertificates),
  });
}
