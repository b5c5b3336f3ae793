import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';

/** How the file is opened: appended to, private, and never through a link. Only its end is ever read. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
const NEWLINE = 0x0a;
/** A line that is longer is not one of ours. */
const LONGEST_LINE_BYTES = 1024 * 1024;

/** An open file, as far as it is used here. */
export type OpenFile = Pick<FileHandle, 'write' | 'read' | 'stat' | 'close'>;

/** Where files are. */
export interface FileSystem {
  /** Opens for appending; makes the file when there is none. */
  open(path: string): Promise<OpenFile>;
  /** What stands under the name, or undefined. */
  find(path: string): Promise<{ dev: number; ino: number; size: number } | undefined>;
}

const realFiles: FileSystem = {
  open: (path) => open(path, FLAGS, 0o600),
  find: (path) =>
    lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }),
};

export interface AppendFileOptions {
  /** Nobody else may write to the file: what grows by itself is refused. Default false. */
  exclusive?: boolean;
  files?: FileSystem;
}

/**
 * A file that lines are appended to. It stays with its name: when the file was moved or removed (log rotation) the next
 * line begins a new one; a file that was emptied in place (`copytruncate`) is written on. Not for two writes at a time.
 */
export class AppendFile {
  readonly path: string;
  readonly #exclusive: boolean;
  readonly #files: FileSystem;
  #file: OpenFile;
  #identity = { dev: 0, ino: 0 };
  /** How long the file is, as far as we know. */
  #size = 0;
  /** The file ends within a line, which must not swallow the next one. */
  #torn = false;

  private constructor(path: string, options: AppendFileOptions, files: FileSystem, file: OpenFile) {
    this.path = path;
    this.#exclusive = options.exclusive ?? false;
    this.#files = files;
    this.#file = file;
  }

  /** @throws TeleportError `bad_parameter` when the file cannot be opened, or is no regular file */
  static async open(path: string, options: AppendFileOptions = {}): Promise<AppendFile> {
    const files = options.files ?? realFiles;
    const made = new AppendFile(path, options, files, await openRegular(files, path));
    await made.#learn();
    return made;
  }

  /** Looks at an open file as it is now. */
  async #learn(): Promise<void> {
    const { dev, ino, size } = await this.#file.stat();
    this.#identity = { dev, ino };
    this.#size = size;
    this.#torn = size > 0 && (await this.#tail(1))[0] !== NEWLINE;
  }

  async #tail(bytes: number): Promise<Buffer> {
    const length = Math.min(bytes, this.#size);
    if (length === 0) return Buffer.alloc(0);
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(length), 0, length, this.#size - length);
    return buffer.subarray(0, bytesRead);
  }

  /**
   * The newest line that is one of those looked for, without its newline; undefined when there is none.
   *
   * @throws TeleportError `bad_parameter` when there is none among the last MiB of a file that holds more
   */
  async lastLine(isOne: (line: Buffer) => boolean): Promise<Buffer | undefined> {
    for (let bytes = 16 * 1024; ; bytes *= 4) {
      const tail = await this.#tail(bytes);
      const isWhole = tail.length === this.#size;
      const found = splitLines(tail)
        .slice(isWhole ? 0 : 1)
        .findLast(isOne);
      if (found || isWhole) return found;
      if (bytes >= LONGEST_LINE_BYTES) throw new TeleportError('bad_parameter', `${this.path} is no audit file`);
    }
  }

  /** Stays with the name of the file, whatever has become of the file itself. */
  async #follow(): Promise<void> {
    const found = await this.#files.find(this.path);
    if (found?.dev === this.#identity.dev && found.ino === this.#identity.ino) {
      if (found.size === this.#size) return;
      if (found.size > this.#size && this.#exclusive) throw this.#foreign();
      await this.#learn();
      return;
    }
    const fresh = await openRegular(this.#files, this.path);
    await this.#file.close().catch(() => {});
    this.#file = fresh;
    await this.#learn();
    if (this.#size > 0 && this.#exclusive) throw this.#foreign();
  }

  #foreign(): Error {
    return new Error(`somebody else has written to ${this.path}`);
  }

  /** @throws when the line is not in the file as a whole */
  async append(line: string): Promise<void> {
    await this.#follow();
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${line}\n`);
    const { bytesWritten } = await this.#file.write(bytes);
    this.#size += bytesWritten;
    if (bytesWritten > 0) this.#torn = bytesWritten < bytes.length;
    // All but its newline is all of it: the next line begins with one.
    if (bytesWritten < bytes.length - 1) throw new Error('the line was cut short');
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function openRegular(files: FileSystem, path: string): Promise<OpenFile> {
  let file: OpenFile;
  try {
    file = await files.open(path);
  } catch (cause) {
    throw new TeleportError(
      'bad_parameter',
      `cannot open the audit file ${path}: ${(cause as NodeJS.ErrnoException).code}`,
      { hint: 'its folder must exist, and the agent must be allowed to write there', cause },
    );
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new TeleportError('bad_parameter', `the audit file ${path} is not a regular file`);
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
