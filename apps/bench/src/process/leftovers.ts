import type { ChildProcess } from 'node:child_process';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// What must not outlive the run, however it ends.
const children = new Set<ChildProcess>();
const folders = new Set<string>();

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Makes sure that a child ends with this process. */
export function watch<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Ends a child by SIGTERM, after some seconds by SIGKILL, and waits until it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(hard);
}

/** A folder of one bench's own; short, so that the path of a socket fits in it. */
export class Scratch implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'bench-'));

  constructor() {
    folders.add(this.path);
  }

  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
    // Node 20 does not follow symbolic links to modules while the stat before was that of a socket; this is one of a folder.
    lstatSync(tmpdir());
    folders.delete(this.path);
  }
}
