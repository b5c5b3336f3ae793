import type { Destination } from './destination.ts';
import { DirectoryDestination, type DirectoryOptions } from './directory.ts';
import { MemoryDestination } from './memory.ts';
import { parseDestinationUri } from './uri.ts';

/**
 * Opens the destination that a text names: `file:///abs/path`, a bare absolute path, or `memory://`.
 *
 * @throws TeleportError `bad_parameter` for another form, and what {@link DirectoryDestination.open} throws.
 * @example
 * await using destination = await openDestination('file:///tmp/app-credentials');
 */
export async function openDestination(uri: string, options: DirectoryOptions = {}): Promise<Destination> {
  const address = parseDestinationUri(uri);
  return address.type === 'memory' ? new MemoryDestination() : await DirectoryDestination.open(address.path, options);
}
