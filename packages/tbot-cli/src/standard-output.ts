import { TeleportError } from '@teleport-ts/api-types';
import { printable } from './printable.ts';

/**
 * Writes a result to standard output, to a terminal as nothing but text. A reader that has gone away (`| head -1`) has read enough; any other failure is one
 * of the command, since what was asked for is lost.
 *
 * @throws TeleportError `unknown`
 */
export function print(text: string, stdout: NodeJS.WriteStream = process.stdout): void {
  // Node tells the failure in an event as well, and ends the process where nobody listens.
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => {});
  stdout.write(stdout.isTTY ? printable(text) : text);
  const cause = stdout.errored as NodeJS.ErrnoException | null;
  if (!cause || cause.code === 'EPIPE') return;
  throw new TeleportError('unknown', `cannot write to standard output: ${cause.code ?? cause.message}`, { cause });
}
