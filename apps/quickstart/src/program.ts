import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that the quickstart started and will stop. */
export class Program implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  #output = '';

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-64_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /** Starts `node SCRIPT …args` and gives what `ready` finds in its output. */
  static async start<T>(
    name: string,
    args: readonly string[],
    ready: (output: string) => T | undefined,
    timeoutMs = 20_000,
  ): Promise<{ program: Program; found: T }> {
    // Its own process group, so that Ctrl-C reaches it once, by us.
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const program = new Program(name, child);
    try {
      const found = await new Promise<T>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(program.#failure(`was not ready after ${timeoutMs / 1000} s`)),
          timeoutMs,
        );
        const look = (): void => {
          const value = ready(program.#output);
          if (value === undefined) return;
          clearTimeout(timer);
          resolve(value);
        };
        child.stdout?.on('data', look);
        child.stderr?.on('data', look);
        child.once('error', reject);
        child.once('exit', (code) => {
          clearTimeout(timer);
          reject(program.#failure(`ended with exit code ${code}`));
        });
      });
      return { program, found };
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Leaves it running when we end. */
  release(): void {
    this.#child.unref();
    (this.#child.stdout as { unref?(): void } | null)?.unref?.();
    (this.#child.stderr as { unref?(): void } | null)?.unref?.();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const hard = setTimeout(() => this.#child.kill('SIGKILL'), 8000);
    await ended;
    clearTimeout(hard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #failure(what: string): Error {
    return new Error(`${this.name} ${what}; it printed:\n${this.#output.trim()}`);
  }
}

/** Runs `node SCRIPT …args` to its end, as a user's shell would. */
export async function run(
  args: readonly string[],
  timeoutMs = 30_000,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
