import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { bareEnvironment } from './environment.ts';
import { watch } from './leftovers.ts';
import { cpuOfEndedChildren } from './usage.ts';

/** What one run of a program took. */
export interface Run {
  readonly wallMs: number;
  /** Of the program alone, as long as no other child ends meanwhile. */
  readonly cpuMs: number;
}

/** Runs `node …args` to its end, in the bare environment; fails when it does. */
export function runNode(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return runTimed(process.execPath, args, options);
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. */
export async function runTimed(command: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const cpuBefore = cpuOfEndedChildren();
  const started = performance.now();
  const child = watch(
    spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: bareEnvironment(options.env),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    }),
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const wallMs = performance.now() - started;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with exit code ${code}: ${stderr}`);
  return { wallMs, cpuMs: cpuOfEndedChildren() - cpuBefore };
}
