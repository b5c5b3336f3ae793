import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of 256 KiB in memory, to be filled or made read-only. */
export class TinyDisk {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Whether this user may mount one. */
  static available(): boolean {
    try {
      TinyDisk.mount().unmount();
      return true;
    } catch {
      return false;
    }
  }

  static mount(): TinyDisk {
    const path = mkdtempSync(join(tmpdir(), 'tts-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', path], { stdio: 'ignore' });
      return new TinyDisk(path);
    } catch (error) {
      rmdirSync(path);
      throw error;
    }
  }

  /** Takes all room; undone by what is returned. */
  fill(): () => void {
    const file = join(this.path, 'filler');
    try {
      for (let blocks = 0; blocks < 128; blocks++) writeFileSync(file, Buffer.alloc(4096), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
    return () => rmSync(file);
  }

  /** Lets nothing be written; undone by what is returned. */
  makeReadOnly(): () => void {
    this.#remount('ro');
    return () => this.#remount('rw');
  }

  unmount(): void {
    execFileSync('umount', [this.path]);
    rmdirSync(this.path);
  }

  #remount(mode: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${mode}`, this.path]);
  }
}
