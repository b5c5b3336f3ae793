import { TeleportError } from '@teleport-ts/api-types';
import type { Destination, DestinationLock, FileSet, WriteResult } from './destination.ts';
import { checkFileNames } from './file-name.ts';

/** A destination in the memory of the process: gone when the process ends. */
export class MemoryDestination implements Destination {
  readonly uri = 'memory://';
  readonly persistent = false;
  readonly #files = new Map<string, Buffer>();
  #locked = false;

  async read(name: string): Promise<Buffer | undefined> {
    checkFileNames([name]);
    const held = this.#files.get(name);
    return held && Buffer.from(held);
  }

  async write(files: FileSet): Promise<WriteResult> {
    checkFileNames(Object.keys(files));
    const written: string[] = [];
    const unchanged: string[] = [];
    for (const [name, content] of Object.entries(files)) {
      if (content === null) {
        this.#files.delete(name);
        continue;
      }
      const bytes = Buffer.from(content as Uint8Array);
      const same = this.#files.get(name)?.equals(bytes) === true;
      (same ? unchanged : written).push(name);
      if (!same) this.#files.set(name, bytes);
    }
    return { written, unchanged };
  }

  async lock(): Promise<DestinationLock> {
    if (this.#locked) throw new TeleportError('already_exists', 'memory:// is already locked');
    this.#locked = true;
    let held = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (held) this.#locked = false;
        held = false;
      },
    };
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
