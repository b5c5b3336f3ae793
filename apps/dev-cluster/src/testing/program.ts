import { type ChildProcess, spawn } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Ends the program by SIGKILL. Default 60 s. */
  readonly timeoutMs?: number;
  readonly input?: string;
  /** Whom it runs as; only root may choose. Default: whoever runs the test. */
  readonly uid?: number;
  readonly gid?: number;
  /** Descriptors of ours that it gets as 3, 4, … */
  readonly fds?: readonly number[];
}

/** Runs a command to its end; never throws for an exit code. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  const program = new RunningProgram(command, args, options);
  const hard = setTimeout(() => program.kill('SIGKILL'), options.timeoutMs ?? 60_000);
  try {
    return await program.finished;
  } finally {
    clearTimeout(hard);
  }
}

/** A long-running command of a test: its output, its end, and no survivor after the test. */
export class RunningProgram implements AsyncDisposable {
  readonly finished: Promise<Finished>;
  readonly #child: ChildProcess;
  readonly #looking = new Set<() => void>();
  #stdout = '';
  #stderr = '';

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const env = Object.fromEntries(
      Object.entries({ ...process.env, ...options.env }).filter(([, value]) => value !== undefined),
    );
    const { cwd, uid, gid, fds = [] } = options;
    const stdio = ['pipe', 'pipe', 'pipe', ...fds] as const;
    const child = spawn(command, args, { env: env as NodeJS.ProcessEnv, cwd, uid, gid, stdio: [...stdio] });
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#look();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#look();
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    this.finished = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
        this.#look();
      });
    });
    // Whoever waits sees the rejection; a test that only disposes must not fail by it.
    this.finished.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Everything printed so far, both streams. */
  get output(): string {
    return this.#stdout + this.#stderr;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Waits until the output satisfies `found`; fails with the output when the program ends or time is up. */
  async printed(found: string | RegExp, timeoutMs = 30_000): Promise<void> {
    const has = (): boolean => (typeof found === 'string' ? this.output.includes(found) : found.test(this.output));
    if (has()) return;
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => {
        clearTimeout(timer);
        this.#looking.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = (): void => {
        if (has()) done();
        else if (!this.running) done(new Error(`ended before it printed ${found}:\n${this.output}`));
      };
      const timer = setTimeout(
        () => done(new Error(`did not print ${found} in ${timeoutMs} ms:\n${this.output}`)),
        timeoutMs,
      );
      this.#looking.add(look);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGTERM');
    const hard = setTimeout(() => this.kill('SIGKILL'), 10_000);
    await this.finished.catch(() => {});
    clearTimeout(hard);
  }

  #look(): void {
    for (const look of [...this.#looking]) look();
  }
}
