import { TeleportError } from '@teleport-ts/api-types';

/**
 * Writes a result to standard output. A reader that has gone away (`| head -1`) has read enough; any other failure is one
 * of the command, since what was asked for is lost.
 *
 * @throws TeleportError `unknown`
 */
export function print(text: string, stdout: NodeJS.WriteStream = process.stdout): void {
  // Node tells the failure in an event as well, and ends the process where nobody listens.
  if (stdout.listenerCount('error') === 0) stdout.on('error', () => {});
  stdout.write(text);
  const cause = stdout.errored as NodeJS.ErrnoException | null;
  if (!cause || cause.code === 'EPIPE') return;
  throw new TeleportError('unknown', `cannot write to standard output: ${cause.code ?? cause.message}`, { cause });
}
