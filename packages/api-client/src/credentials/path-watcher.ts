import { type FSWatcher, watch } from 'node:fs';
import { readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';

/** As many links as Linux follows. */
const MAX_LINKS = 40;

interface Watched {
  readonly watcher: FSWatcher;
  readonly inode: bigint;
  names: ReadonlySet<string>;
}

/**
 * Says that files may have changed. It watches their folders, since a file that is replaced by renaming is another file,
 * and those of all symbolic links on the way, since Kubernetes replaces a whole set by renaming one link. What it cannot
 * watch it leaves to whoever looks from time to time. Keeps no process alive.
 */
export class PathWatcher {
  readonly #changed: () => void;
  readonly #folders = new Map<string, Watched>();
  #closed = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches these paths from now on, and no others; to be called again when links may lead elsewhere. */
  async follow(paths: readonly string[]): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    await Promise.all(paths.map((path) => addPlaces(resolve(path), wanted)));
    const folders = [...wanted.keys()];
    const inodes = new Map(await Promise.all(folders.map(async (folder) => [folder, await inodeOf(folder)] as const)));
    if (this.#closed) return;
    for (const [folder, { inode }] of this.#folders) {
      if (inodes.get(folder) !== inode) this.#drop(folder);
    }
    for (const [folder, names] of wanted) {
      const known = this.#folders.get(folder);
      const inode = inodes.get(folder);
      if (known) known.names = names;
      else if (inode !== undefined) this.#watch(folder, inode, names);
    }
  }

  close(): void {
    this.#closed = true;
    for (const folder of this.#folders.keys()) this.#drop(folder);
  }

  #watch(folder: string, inode: bigint, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false });
      const watched: Watched = { watcher, inode, names };
      this.#folders.set(folder, watched);
      watcher.on('change', (_event, name) => {
        const changed = name === null ? undefined : String(name);
        // The folder itself was removed or renamed.
        if (changed === basename(folder) && !watched.names.has(changed)) this.#drop(folder);
        else if (changed !== undefined && !watched.names.has(changed)) return;
        this.#changed();
      });
      watcher.on('error', () => this.#drop(folder));
    } catch {
      // No folder, or too many watchers in this system.
    }
  }

  #drop(folder: string): void {
    this.#folders.get(folder)?.watcher.close();
    this.#folders.delete(folder);
  }
}

/** Adds the folders, and the names in them, whose change may change what is read at this path. */
async function addPlaces(path: string, places: Map<string, Set<string>>): Promise<void> {
  const add = (folder: string, name: string): void => {
    const names = places.get(folder) ?? new Set();
    places.set(folder, names.add(name));
  };
  let left = partsOf(path);
  let folder = parse(path).root;
  for (let links = 0; ; ) {
    const [name, ...rest] = left;
    if (name === undefined) return;
    const at = join(folder, name);
    const target = await readlink(at).catch((error: NodeJS.ErrnoException) => (error.code === 'EINVAL' ? null : error));
    if (target instanceof Error || rest.length === 0 || target !== null) add(folder, name);
    if (target instanceof Error) return;
    if (target === null) {
      left = rest;
      folder = at;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return;
    const leads = resolve(dirname(at), target);
    left = [...partsOf(leads), ...rest];
    folder = parse(leads).root;
  }
}

function partsOf(path: string): string[] {
  return path.slice(parse(path).root.length).split(sep).filter(Boolean);
}

async function inodeOf(folder: string): Promise<bigint | undefined> {
  try {
    return (await stat(folder, { bigint: true })).ino;
  } catch {
    return undefined;
  }
}
