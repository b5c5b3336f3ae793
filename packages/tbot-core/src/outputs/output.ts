import type { CallOptions, DestinationHost, IdentityRequest } from '../destination-host.ts';
import type { Destination, FileSet, WriteResult } from '../destinations/destination.ts';
import type { Identity } from '../identity.ts';

/**
 * What to ask for, and the files to make of it. An output knows neither who issues the credential nor where its files go:
 * a bot in the process, an agent behind a socket, a directory, the memory.
 *
 * @example
 * const output = databaseOutput({ kind: 'database', name: 'pg', username: 'reader' }, { format: 'tls' });
 * await writeOutput(host, output, destination);
 * // or, kept fresh
 * for await (const identity of host.watchIdentity(output.request)) await destination.write(output.files(identity));
 */
export interface Output<Request extends IdentityRequest = IdentityRequest> {
  readonly request: Request;
  /**
   * The files of a credential, in the order in which they are put into place.
   *
   * @throws TeleportError `bad_parameter` for an identity without private key or X.509 certificate
   */
  files(identity: Identity): FileSet;
}

/** What an output wrote, and the credential in it. */
export interface OutputResult extends WriteResult {
  readonly identity: Identity;
}

/**
 * Asks for the credential of an output and writes its files. The destination is left as it was when the credential cannot
 * be had.
 *
 * @throws what {@link DestinationHost.generateIdentity} and {@link Destination.write} throw
 */
export async function writeOutput(
  host: Pick<DestinationHost, 'generateIdentity'>,
  output: Output,
  destination: Destination,
  options: CallOptions = {},
): Promise<OutputResult> {
  const identity = await host.generateIdentity(output.request, options);
  return { ...(await destination.write(output.files(identity))), identity };
}
