import type { Outcome } from '../audit/audit-record.ts';

/** What one socket has done since the start. */
export interface SocketStatus {
  path: string;
  roles: readonly string[];
  issued: number;
  refused: number;
  failed: number;
  lastError?: string;
  lastErrorAt?: Date;
}

/** Counts the decisions of one socket. */
export class SocketCounters {
  readonly #path: string;
  readonly #roles: readonly string[];
  readonly #counts: Record<Outcome, number> = { issued: 0, refused: 0, failed: 0 };
  #lastError: { text: string; at: Date } | undefined;

  constructor(path: string, roles: readonly string[]) {
    this.#path = path;
    this.#roles = roles;
  }

  count(outcome: Outcome): void {
    this.#counts[outcome] += 1;
  }

  /** A refusal is the caller's matter; only what failed is an error of the socket. */
  fail(text: string, at: Date): void {
    this.#lastError = { text, at };
  }

  status(): SocketStatus {
    return {
      path: this.#path,
      roles: this.#roles,
      ...this.#counts,
      ...(this.#lastError && { lastError: this.#lastError.text, lastErrorAt: this.#lastError.at }),
    };
  }
}
