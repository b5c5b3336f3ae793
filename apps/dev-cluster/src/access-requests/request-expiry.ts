import { type AccessRequestV3, RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock, Timer } from '../clock.ts';
import { nameOf } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import { requestExpiry } from './request-list.ts';

/** A pending request is kept a little longer, since the decision that is being made now would make it live on. */
const PENDING_GRACE_MS = 40_000;

/** Removes requests that have expired, and writes that down; by the cluster's clock. */
export class RequestExpiry {
  readonly #state: ClusterState;
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  #next: { readonly at: number; readonly timer: Timer } | undefined;

  constructor({ state, audit, clock }: { state: ClusterState; audit: AuditLog; clock: Clock }) {
    this.#state = state;
    this.#audit = audit;
    this.#clock = clock;
    this.#unsubscribe = state.store.subscribe(({ kind, value }) => {
      if (kind === state.accessRequests.kind && value) this.#schedule(removalAt(value as AccessRequestV3));
    });
    this.#scheduleNext();
  }

  /** Nothing is removed any more. */
  stop(): void {
    this.#unsubscribe();
    this.#next?.timer.cancel();
  }

  /** Only ever to an earlier time; what has gone by then, or lives on, is found out then. */
  #schedule(at: number): void {
    if (at === Number.POSITIVE_INFINITY || at >= (this.#next?.at ?? Number.POSITIVE_INFINITY)) return;
    this.#next?.timer.cancel();
    // A millisecond later: what ends now is still there now.
    const timer = this.#clock.setTimer(Math.max(0, at - this.#clock.now() + 1), () => this.#sweep());
    this.#next = { at, timer };
  }

  #scheduleNext(): void {
    let next = Number.POSITIVE_INFINITY;
    for (const request of this.#state.accessRequests.values()) next = Math.min(next, removalAt(request));
    this.#schedule(next);
  }

  #sweep(): void {
    this.#next = undefined;
    const now = this.#clock.now();
    for (const request of this.#state.accessRequests.values()) {
      if (removalAt(request) >= now) continue;
      this.#audit.emit('access_request.expire', {
        Resource: { Expires: request.Spec?.Expires ?? zeroTime() },
        RequestID: nameOf(request),
        ResourceExpiry: toTimestamp(requestExpiry(request) ?? 0),
      });
      this.#state.accessRequests.delete(nameOf(request));
    }
    this.#scheduleNext();
  }
}

function removalAt(request: AccessRequestV3): number {
  const expires = requestExpiry(request) ?? Number.POSITIVE_INFINITY;
  return request.Spec?.State === RequestState.PENDING ? expires + PENDING_GRACE_MS : expires;
}
