import type { ErrorCode } from '@teleport-ts/api-types';
import type { RenewalReason } from '@teleport-ts/tbot-core';
import type { Outcome } from '../audit/audit-record.ts';

/** One decision of a socket, without what would make its names many: no roles, no names, no peers. */
export interface Decision {
  outcome: Outcome;
  /** Absent where the request could not be read, and for a connection that was refused. */
  kind?: string;
  /** What made a stream ask; absent for a request of its own. */
  trigger?: RenewalReason;
  /** Why not; absent when issued. */
  code?: ErrorCode;
  latencyMs: number;
}

/** What one socket has done since the start. */
export interface SocketHistory {
  path: string;
  roles: readonly string[];
  issued: number;
  refused: number;
  failed: number;
  lastError?: string;
  lastErrorAt?: Date;
}

/** The same, with what may be asked for and what is open now. */
export interface SocketStatus extends SocketHistory {
  kinds: readonly string[];
  connections: number;
  streams: number;
}

/** Counts the decisions of one socket. */
export class SocketCounters {
  readonly #path: string;
  readonly #roles: readonly string[];
  readonly #observe: ((decision: Decision) => void) | undefined;
  readonly #counts: Record<Outcome, number> = { issued: 0, refused: 0, failed: 0 };
  #lastError: { text: string; at: Date } | undefined;

  /** @param observe told of each decision, for metrics; must not throw */
  constructor(path: string, roles: readonly string[], observe?: (decision: Decision) => void) {
    this.#path = path;
    this.#roles = roles;
    this.#observe = observe;
  }

  count(decision: Decision): void {
    this.#counts[decision.outcome] += 1;
    this.#observe?.(decision);
  }

  /** A refusal is the caller's matter; only what failed is an error of the socket. */
  fail(text: string, at: Date): void {
    this.#lastError = { text, at };
  }

  status(): SocketHistory {
    return {
      path: this.#path,
      roles: this.#roles,
      ...this.#counts,
      ...(this.#lastError && { lastError: this.#lastError.text, lastErrorAt: this.#lastError.at }),
    };
  }
}
