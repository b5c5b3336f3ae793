import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/** A living process has the lock of the data directory. */
export class DataDirInUse extends TeleportError {}

/**
 * Keeps a second process from writing to the same data directory; the lock of a killed process is taken over.
 *
 * Each process puts a file with its id in the name there and then looks for others'. Of two that come at once at least one
 * sees the other and steps back, so there are never two. The file says when its process started, where the system tells,
 * because ids come back: in a container nearly always the same one.
 */
export class DataDirLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws DataDirInUse */
  static acquire(dataDir: string): DataDirLock {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, `${PREFIX}${process.pid}`);
    if (isHeld(dataDir, process.pid)) throw inUse(dataDir, process.pid);
    writeFileSync(path, startOf(process.pid) ?? '', { mode: 0o600 });
    const other = holders(dataDir).find((pid) => pid !== process.pid);
    if (other === undefined) return new DataDirLock(path);
    rmSync(path, { force: true });
    throw inUse(dataDir, other);
  }

  /** The process that has the lock of `dataDir`. */
  static holder(dataDir: string): number | undefined {
    return holders(dataDir)[0];
  }

  release(): void {
    rmSync(this.#path, { force: true });
  }
}

const PREFIX = 'lock.';

const inUse = (dataDir: string, pid: number): DataDirInUse =>
  new DataDirInUse('already_exists', `data directory ${dataDir} is used by the dev-cluster with pid ${pid}`, {
    hint: 'stop it first, or name another data directory',
  });

/** The living processes that have put their file there; files of dead ones are removed. */
function holders(dataDir: string): number[] {
  const living: number[] = [];
  for (const name of filesOf(dataDir)) {
    const [, digits] = /^lock\.(\d+)$/.exec(name) ?? [];
    if (digits === undefined) continue;
    if (isHeld(dataDir, Number(digits))) living.push(Number(digits));
    else rmSync(join(dataDir, name), { force: true });
  }
  return living;
}

function filesOf(dataDir: string): string[] {
  try {
    return readdirSync(dataDir);
  } catch {
    return [];
  }
}

function isHeld(dataDir: string, pid: number): boolean {
  let start: string;
  try {
    start = readFileSync(join(dataDir, `${PREFIX}${pid}`), 'utf8');
  } catch {
    return false;
  }
  // A file that is still empty was made a moment ago.
  return isAlive(pid) && (start === '' || startOf(pid) === undefined || startOf(pid) === start);
}

/** When a process started, in the system's own unit since its boot; undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
