import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** One write: `v` is the encoded item in base64, absent when the item was removed. */
export interface JournalEntry {
  readonly kind: string;
  readonly key: string;
  readonly value?: string;
}

const FORMAT = 'teleport-dev-cluster';
const VERSION = 1;
const FILE = 'state.jsonl';

/**
 * The state of a cluster as a file of JSON lines: a header with the format's version, then one line per write.
 *
 * A write is in the file before the call that caused it is answered, so a killed cluster loses nothing that it has told
 * anybody. A line that was cut off by a crash is dropped when the file is read; {@link compact} replaces the file in one
 * rename.
 */
export class Journal {
  readonly #path: string;
  #fd: number | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Opens (or makes) the state file in `dataDir` and returns what was written to it. */
  static open(dataDir: string): { journal: Journal; entries: JournalEntry[] } {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = join(dataDir, FILE);
    return { journal: new Journal(path), entries: readEntries(path) };
  }

  append(entry: JournalEntry): void {
    if (this.#fd === undefined) return;
    writeSync(this.#fd, `${JSON.stringify(entry)}\n`);
  }

  /** Replaces the file by one that holds just these entries, and goes on from there. */
  compact(entries: Iterable<JournalEntry>): void {
    const temporary = `${this.#path}.tmp`;
    const fd = openSync(temporary, 'w', 0o600);
    const lines = [JSON.stringify({ format: FORMAT, version: VERSION })];
    for (const entry of entries) lines.push(JSON.stringify(entry));
    writeSync(fd, `${lines.join('\n')}\n`);
    fsyncSync(fd);
    renameSync(temporary, this.#path);
    this.close();
    this.#fd = fd;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

function readEntries(path: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const lines = text.split('\n');
  lines.pop(); // what follows the last newline: nothing, or a line that was never finished
  const [header, ...entries] = lines;
  if (header === undefined) return [];
  const { format, version } = parseHeader(header);
  if (format !== FORMAT) throw new Error(`${path} is not the state of a dev-cluster; name another data directory`);
  if (version !== VERSION) {
    throw new Error(`${path} has version ${version}, this dev-cluster reads ${VERSION}; name another data directory`);
  }
  return entries.map((line) => JSON.parse(line) as JournalEntry);
}

function parseHeader(line: string): { format?: unknown; version?: unknown } {
  try {
    return JSON.parse(line) as { format?: unknown; version?: unknown };
  } catch {
    return {};
  }
}
