import type { Duplex, Readable, Writable } from 'node:stream';
import { type Clock, systemClock, type Timer } from '@teleport-ts/api-types';

/** How long the other side may go on after the end of the input, in milliseconds, counted from what it last sent. */
const LINGER_MS = 1_000;

/**
 * Carries bytes between a program's standard input and output and a connection, each way at the pace of its reader. Ends
 * when the connection ends, when nobody reads the output any more, or when the input has ended and the other side has
 * nothing to add: a node is not told of the end of the input (Teleport's proxy keeps it to itself).
 *
 * @throws what the connection failed of
 */
export async function exchange(
  connection: Duplex,
  {
    input,
    output,
    clock = systemClock,
  }: { readonly input: Readable; readonly output: Writable; readonly clock?: Clock },
): Promise<void> {
  let linger: Timer | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const later = (): void => {
        linger?.cancel();
        linger = clock.setTimer(LINGER_MS, resolve, { keepAlive: true });
      };
      connection.on('error', reject).on('end', resolve);
      // A reader that has gone away is the end, not a failure: OpenSSH closes both of its pipes at once.
      output.on('error', () => resolve());
      input.on('error', () => resolve());
      input.once('end', () => {
        later();
        connection.on('data', later);
      });
      input.pipe(connection);
      connection.pipe(output, { end: false });
    });
    await flushed(output);
  } finally {
    linger?.cancel();
    input.unpipe(connection);
    connection.destroy();
  }
}

/** Settles when what was written is out, or cannot be any more. */
function flushed(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (output.destroyed || output.errored) return resolve();
    output.once('close', resolve);
    output.write('', () => resolve());
  });
}
