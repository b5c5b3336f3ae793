import { type ErrorCode, isTeleportError } from '@teleport-ts/api-types';

/** What the command's end tells a script. */
export const ExitCode = {
  OK: 0,
  /** Anything that has no code of its own. */
  OTHER: 1,
  /** The command line is wrong. */
  USAGE: 2,
  DENIED: 3,
  /** Out of reach, or too slow: the same command may work later. */
  UNAVAILABLE: 4,
  /** Expired or locked. */
  IDENTITY: 5,
} as const;

/** One of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A command line that cannot be understood. */
export class UsageError extends Error {
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(message);
    if (hint !== undefined) this.hint = hint;
  }
}

const EXIT_OF_CODE: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  bad_parameter: ExitCode.USAGE,
  access_denied: ExitCode.DENIED,
  connection_problem: ExitCode.UNAVAILABLE,
  timeout: ExitCode.UNAVAILABLE,
  limit_exceeded: ExitCode.UNAVAILABLE,
  expired: ExitCode.IDENTITY,
  locked: ExitCode.IDENTITY,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return ExitCode.USAGE;
  return (isTeleportError(error) && EXIT_OF_CODE[error.code]) || ExitCode.OTHER;
}

/** The lines that tell of a failure: `error:`, and `hint:` where there is something to do about it. */
export function errorLines(error: unknown): string {
  const { message = String(error), hint } = (error ?? {}) as { message?: string; hint?: unknown };
  return `error: ${message}\n${typeof hint === 'string' ? `hint: ${hint}\n` : ''}`;
}
