import type { DatabaseIdentityRequest } from '../destination-host.ts';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import { baseFiles, keyAndCertificate, tlsNamedFiles } from './base-files.ts';
import type { Output } from './output.ts';

/** Which files a database's client wants beside the usual ones; `default` wants none. */
export type DatabaseFormat = 'default' | 'tls' | 'mongo' | 'cockroach';

/** All that a database output can be written as. */
export const DATABASE_FORMATS: readonly DatabaseFormat[] = ['default', 'tls', 'mongo', 'cockroach'];

export interface DatabaseOutputOptions {
  /** Default `default`. */
  readonly format?: DatabaseFormat;
}

/**
 * A credential for one database, as the database output of Go's tbot writes it.
 *
 * | Format | Files beside the usual ones |
 * | --- | --- |
 * | `default` | none: `psql` and most others take `tlscert` and `key` |
 * | `tls` | `tls.crt`, `tls.key`, `tls.cas` (host authorities) |
 * | `mongo` | `mongo.crt` (certificate and key), `mongo.cas` (database authorities) |
 * | `cockroach` | directory `cockroach`: `node.crt`, `node.key`, `ca.crt`, `ca-client.crt` (both the database authorities) |
 *
 * Go's tbot 18 leaves `cockroach/ca.crt` empty, which no client can use.
 *
 * @example
 * await writeOutput(host, databaseOutput({ kind: 'database', name: 'pg', username: 'reader' }), destination);
 */
export function databaseOutput(
  request: DatabaseIdentityRequest,
  options: DatabaseOutputOptions = {},
): Output<DatabaseIdentityRequest> {
  return { request, files: (identity) => databaseFiles(identity, options) };
}

/** The files of a database output: {@link baseFiles}, and those of the format. */
export function databaseFiles(identity: Identity, { format = 'default' }: DatabaseOutputOptions = {}): FileSet {
  return { ...baseFiles(identity), ...filesOfFormat(identity, format) };
}

function filesOfFormat(identity: Identity, format: DatabaseFormat): FileSet {
  const { key, tlsCertificate } = keyAndCertificate(identity);
  const databaseAuthorities = (): string => tlsCertificatesOf(identity.authorities, 'db').join('');
  switch (format) {
    case 'default':
      return {};
    case 'tls':
      return tlsNamedFiles(identity);
    case 'mongo':
      return { 'mongo.crt': `${tlsCertificate}${key}`, 'mongo.cas': databaseAuthorities() };
    case 'cockroach':
      return {
        'cockroach/node.crt': tlsCertificate,
        'cockroach/node.key': key,
        'cockroach/ca.crt': databaseAuthorities(),
        'cockroach/ca-client.crt': databaseAuthorities(),
      };
  }
}
