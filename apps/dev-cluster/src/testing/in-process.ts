import { format } from 'node:util';
import type { Finished, ProgramOptions } from './program.ts';

/** A program as a function: it prints, and gives its exit code. */
type Program = (args: readonly string[]) => Promise<number>;

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command by the function behind its program, in this process: the same code without the second that a process
 * takes to start. What it prints is caught, so runs take turns; the environment and the directory are as they were
 * afterwards. For a program that ends by itself and minds no signals.
 */
export function runInProcess(
  program: Program,
  args: readonly string[],
  { env = {}, cwd }: Pick<ProgramOptions, 'env' | 'cwd'> = {},
): Promise<Finished> {
  const turn = last.then(async (): Promise<Finished> => {
    const restore = [changedEnvironment(env), changedDirectory(cwd), keptExitCode()];
    const printed = { stdout: '', stderr: '' };
    restore.push(caught('stdout', printed), caught('stderr', printed), caughtConsole(printed));
    try {
      return { code: await program(args), signal: null, ...printed };
    } finally {
      for (const undo of restore.reverse()) undo();
    }
  });
  last = turn.catch(() => {});
  return turn;
}

type Printed = { stdout: string; stderr: string };

function caught(name: keyof Printed, printed: Printed): () => void {
  const stream = process[name];
  const { write } = stream;
  stream.write = ((text: string | Uint8Array): boolean => {
    printed[name] += typeof text === 'string' ? text : Buffer.from(text).toString();
    return true;
  }) as typeof write;
  return () => {
    stream.write = write;
  };
}

/** A test runner has a console of its own, which does not come by the streams. */
function caughtConsole(printed: Printed): () => void {
  const { log } = console;
  console.log = (...values: unknown[]): void => {
    printed.stdout += `${format(...values)}\n`;
  };
  return () => {
    console.log = log;
  };
}

function changedEnvironment(env: NonNullable<ProgramOptions['env']>): () => void {
  const before = Object.keys(env).map((name): [string, string | undefined] => [name, process.env[name]]);
  setEnvironment(Object.entries(env));
  return () => setEnvironment(before);
}

function setEnvironment(values: readonly (readonly [string, string | undefined])[]): void {
  for (const [name, value] of values) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

function changedDirectory(cwd: string | undefined): () => void {
  if (cwd === undefined) return () => {};
  const before = process.cwd();
  process.chdir(cwd);
  return () => process.chdir(before);
}

function keptExitCode(): () => void {
  const before = process.exitCode;
  return () => {
    process.exitCode = before;
  };
}
