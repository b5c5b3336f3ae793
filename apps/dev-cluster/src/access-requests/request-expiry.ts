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
  #timer: Timer | undefined;

  constructor({ state, audit, clock }: { state: ClusterState; audit: AuditLog; clock: Clock }) {
    this.#state = state;
    this.#audit = audit;
    this.#clock = clock;
    this.#unsubscribe = state.store.subscribe(({ kind }) => {
      if (kind === state.accessRequests.kind) this.#schedule();
    });
    this.#schedule();
  }

  /** Nothing is removed any more. */
  stop(): void {
    this.#unsubscribe();
    this.#timer?.cancel();
  }

  #schedule(): void {
    this.#timer?.cancel();
    const next = Math.min(...this.#state.accessRequests.values().map(removalAt));
    if (next === Number.POSITIVE_INFINITY) return;
    // A millisecond later: what ends now is still there now.
    this.#timer = this.#clock.setTimer(Math.max(0, next - this.#clock.now() + 1), () => this.#sweep());
  }

  #sweep(): void {
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
    this.#schedule();
  }
}

function removalAt(request: AccessRequestV3): number {
  const expires = requestExpiry(request) ?? Number.POSITIVE_INFINITY;
  return request.Spec?.State === RequestState.PENDING ? expires + PENDING_GRACE_MS : expires;
}
