import type { Clock } from '../clock.ts';
import { roleSetKey } from './role-sessions.ts';
import { sameTarget, type Target, type TargetKind } from './target.ts';

/** A route older than this is asked again beside the call that uses it: not every change of a cluster makes an event. */
export const ROUTE_TRUST_MS = 1_000;

/** Routes that are kept at the same time; callers choose the names, so there must be an end. */
const MAX_ROUTES = 10_000;

/** Which resource, as seen by which roles. */
export interface RouteKey {
  readonly roles: readonly string[];
  readonly cluster: string;
  readonly kind: TargetKind;
  /** The name that is asked for. */
  readonly name: string;
}

/** A route and whether it may be used without asking again. */
export interface KeptRoute {
  readonly target: Target;
  readonly fresh: boolean;
}

/** What one set of roles was shown of one cluster. */
export type RouteView = Pick<RouteKey, 'roles' | 'cluster'>;

interface Entry {
  readonly view: string;
  readonly target: Target;
  readonly askedAtMs: number;
}

interface Flight {
  readonly view: string;
  readonly target: Promise<Target>;
  readonly askedAtMs: number;
}

/** Where applications, databases and Kubernetes clusters were found the last time. */
export class KeptRoutes {
  readonly #clock: Clock;
  /** In the order of asking, the latest at the end. */
  readonly #kept = new Map<string, Entry>();
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  get(key: RouteKey): KeptRoute | undefined {
    const kept = this.#kept.get(textOf(key));
    return kept && { target: kept.target, fresh: this.#clock.now() - kept.askedAtMs <= ROUTE_TRUST_MS };
  }

  /** Asks for the route; many at once ask once. What comes back is kept, what fails is forgotten. */
  ask(key: RouteKey, lookUp: () => Promise<Target>): Promise<Target> {
    const text = textOf(key);
    const flying = this.#flights.get(text);
    if (flying) return flying.target;
    const askedAtMs = this.#clock.now();
    const flight = { view: viewOf(key), target: lookUp(), askedAtMs };
    this.#flights.set(text, flight);
    flight.target.then(
      (target) => this.#land(text, flight, target),
      () => this.#land(text, flight, undefined),
    );
    return flight.target;
  }

  /** The next one who asks for that name asks the cluster, even while an answer is on its way. */
  forget(key: RouteKey): void {
    const text = textOf(key);
    this.#kept.delete(text);
    this.#flights.delete(text);
  }

  /**
   * A server of a resource has changed: what is kept of that name is asked anew before it is used, or, where the change may
   * have left it as it was, beside the call that uses it.
   *
   * @param now what the server says of the resource; undefined when it is gone, which others may still serve
   */
  told(key: RouteKey, now: Target | undefined): void {
    const text = textOf(key);
    const kept = this.#kept.get(text);
    this.forget(key);
    if (kept && (!now || sameTarget(kept.target, now)))
      this.#kept.set(text, { ...kept, askedAtMs: Number.NEGATIVE_INFINITY });
  }

  /** Forgets all that a set of roles was shown of a cluster. */
  forgetView(view: RouteView): void {
    const forgotten = viewOf(view);
    for (const routes of [this.#kept, this.#flights]) {
      for (const [text, route] of routes) if (route.view === forgotten) routes.delete(text);
    }
  }

  /** An answer that was forgotten on its way is not kept: it may be older than the reason for that. */
  #land(text: string, flight: Flight, target: Target | undefined): void {
    if (this.#flights.get(text) !== flight) return;
    this.#flights.delete(text);
    this.#kept.delete(text);
    if (!target) return;
    const { view, askedAtMs } = flight;
    this.#kept.set(text, { view, target, askedAtMs });
    if (this.#kept.size > MAX_ROUTES) this.#kept.delete(this.#kept.keys().next().value!);
  }
}

function textOf(key: RouteKey): string {
  return JSON.stringify([viewOf(key), key.kind, key.name]);
}

function viewOf({ roles, cluster }: RouteView): string {
  return JSON.stringify([roleSetKey(roles), cluster]);
}
