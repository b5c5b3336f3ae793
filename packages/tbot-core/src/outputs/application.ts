import type { ApplicationIdentityRequest } from '../destination-host.ts';
import type { FileSet } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';
import { baseFiles, tlsNamedFiles } from './base-files.ts';
import type { Output } from './output.ts';

export interface ApplicationOutputOptions {
  /** Adds `tls.crt`, `tls.key` and `tls.cas`, for programs that insist on such names. Default false. */
  readonly specificTlsNaming?: boolean;
}

/**
 * A credential for one application, as the application output of Go's tbot writes it.
 *
 * @example
 * await writeOutput(host, applicationOutput({ kind: 'application', name: 'grafana' }), destination);
 */
export function applicationOutput(
  request: ApplicationIdentityRequest,
  options: ApplicationOutputOptions = {},
): Output<ApplicationIdentityRequest> {
  return { request, files: (identity) => applicationFiles(identity, options) };
}

/** The files of an application output: {@link baseFiles}, and those that the options name. */
export function applicationFiles(identity: Identity, options: ApplicationOutputOptions = {}): FileSet {
  return { ...baseFiles(identity), ...(options.specificTlsNaming ? tlsNamedFiles(identity) : {}) };
}
