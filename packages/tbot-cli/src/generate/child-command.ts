import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { UsageError } from '../exit.ts';

/** What a shell's own codes for a command that cannot be run are (POSIX, sh(1)). */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
/** Passed on to the command. A terminal sends the first two to the whole group itself. */
const FROM_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const;

/** A command that runs on this process's own input and output, and gets its signals. */
export class ChildCommand {
  /** Exit code; 128 and the signal's number when one ended it, as in a shell. Rejects when it cannot be started. */
  readonly finished: Promise<number>;
  readonly #child: ChildProcess;

  /** @param isTerminal whether a terminal may send its signals to the command by itself */
  constructor(
    [command = '', ...args]: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
    isTerminal: boolean,
  ) {
    const passOn = (signal: NodeJS.Signals): void => this.signal(signal);
    const ignore = (): void => {};
    const handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
      ...FROM_TERMINAL.map((name): [NodeJS.Signals, typeof passOn] => [name, isTerminal ? ignore : passOn]),
      ...PASSED_ON.map((name): [NodeJS.Signals, typeof passOn] => [name, passOn]),
    ];
    // Before the command is there: a signal that found nobody would end this process and leave the command behind.
    for (const [name, handler] of handlers) process.on(name, handler);
    const child = spawn(command, args, { stdio: 'inherit', env });
    this.#child = child;
    this.finished = new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(cannotRun(command, error)));
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
    }).finally(() => {
      for (const [name, handler] of handlers) process.off(name, handler);
    });
  }

  /** Sends it a signal; nothing happens when it has ended. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** The exit code of a shell for a command that cannot be run. */
export class CommandError extends UsageError {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

function cannotRun(command: string, error: NodeJS.ErrnoException): CommandError {
  const shown = JSON.stringify(command);
  if (error.code === 'ENOENT') return new CommandError(`there is no command ${shown}`, NOT_FOUND);
  return new CommandError(`the command ${shown} cannot be run: ${error.code ?? error.message}`, NOT_EXECUTABLE);
}
