import { type ErrorCode, isTeleportError } from '@teleport-ts/api-types';
import { printable } from './printable.ts';

/** What the command's end tells a script. */
export const ExitCode = {
  OK: 0,
  /** Anything that has no code of its own. */
  OTHER: 1,
  /** The command line or the configuration is wrong. */
  USAGE: 2,
  /** Refused: by the socket's limits, the cluster's roles, or the file system. */
  DENIED: 3,
  /** Agent or cluster out of reach, overloaded, or too slow: the same command may work later. */
  UNAVAILABLE: 4,
  /** The bot's own identity has expired or is locked: somebody has to act. */
  IDENTITY: 5,
} as const;

/** One of {@link ExitCode}. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(message);
    if (hint !== undefined) this.hint = hint;
  }
}

const EXIT_OF_CODE: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  bad_parameter: ExitCode.USAGE,
  access_denied: ExitCode.DENIED,
  mfa_required: ExitCode.DENIED,
  connection_problem: ExitCode.UNAVAILABLE,
  timeout: ExitCode.UNAVAILABLE,
  limit_exceeded: ExitCode.UNAVAILABLE,
  expired: ExitCode.IDENTITY,
  locked: ExitCode.IDENTITY,
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Error && error.name === 'UsageError') return ExitCode.USAGE;
  return (isTeleportError(error) && EXIT_OF_CODE[error.code]) || ExitCode.OTHER;
}

/**
 * The lines that tell of a failure: `error:`, and `hint:` where there is something to do about it. A configuration with
 * several faults has them one below the other, each with its own hint.
 */
export function errorLines(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { hint, issues } = (error ?? {}) as { hint?: unknown; issues?: readonly { readonly hint?: string }[] };
  if (!Array.isArray(issues)) return lines(message, hint);
  const each = message.split('\n');
  return issues.map((issue, index) => lines(each[index] ?? message, issue.hint)).join('');
}

function lines(message: string, hint: unknown): string {
  return printable(`error: ${message}\n${typeof hint === 'string' ? `hint: ${hint}\n` : ''}`);
}
