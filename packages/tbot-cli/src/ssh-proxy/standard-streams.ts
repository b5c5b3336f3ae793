import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/**
 * Standard input and output as streams that never block the process. Node writes to a pipe synchronously: a reader that is
 * slow for a moment would stop what comes in as well.
 */
export function standardStreams(): { readonly input: Readable; readonly output: Writable } {
  return {
    input: isStream(0) ? new Socket({ fd: 0, readable: true, writable: false }) : process.stdin,
    output: isStream(1) ? new Socket({ fd: 1, readable: false, writable: true }) : process.stdout,
  };
}

function isStream(fd: number): boolean {
  // As bigint: after a plain fstat of a pipe the next `import()` of Node 20 stops following symlinks, since its module
  // loader takes the kind of the last file that was looked at for that of a folder which it knows already.
  const stat = fstatSync(fd, { bigint: true });
  return stat.isFIFO() || stat.isSocket();
}
