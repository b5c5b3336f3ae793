import type { Duplex, Readable, Writable } from 'node:stream';

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
  { input, output }: { readonly input: Readable; readonly output: Writable },
): Promise<void> {
  let linger: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const later = (): void => {
        clearTimeout(linger);
        linger = setTimeout(resolve, LINGER_MS);
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
    clearTimeout(linger);
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
