import type { Clock } from '../clock.ts';
import type { ApplicationRoute } from '../identity-route.ts';
import { roleSetKey } from './role-sessions.ts';

/** A route older than this is asked again beside the call that uses it: not every change of a cluster makes an event. */
export const ROUTE_TRUST_MS = 1_000;

/** Routes that are kept at the same time. */
const MAX_ROUTES = 10_000;

/** Which application, as seen by which roles. */
export interface RouteKey {
  readonly roles: readonly string[];
  readonly cluster: string;
  readonly name: string;
}

/** A route and whether it may be used without asking again. */
export interface KeptRoute {
  readonly route: ApplicationRoute;
  readonly fresh: boolean;
}

/** Where applications were found the last time. */
export class ApplicationRoutes {
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly route: ApplicationRoute; readonly askedAtMs: number }>();
  readonly #flights = new Map<string, Promise<ApplicationRoute>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: RouteKey): KeptRoute | undefined {
    const kept = this.#kept.get(textOf(key));
    return kept && { route: kept.route, fresh: this.#clock.now() - kept.askedAtMs <= ROUTE_TRUST_MS };
  }

  /** Asks for the route; many at once ask once. What comes back is kept, what fails is forgotten. */
  ask(key: RouteKey, lookUp: () => Promise<ApplicationRoute>): Promise<ApplicationRoute> {
    const text = textOf(key);
    const flying = this.#flights.get(text);
    if (flying) return flying;
    const flight = this.#ask(text, lookUp);
    this.#flights.set(text, flight);
    return flight;
  }

  async #ask(text: string, lookUp: () => Promise<ApplicationRoute>): Promise<ApplicationRoute> {
    const askedAtMs = this.#clock.now();
    try {
      const route = await lookUp();
      this.#kept.delete(text);
      this.#kept.set(text, { route, askedAtMs });
      if (this.#kept.size > MAX_ROUTES) this.#kept.delete(this.#kept.keys().next().value!);
      return route;
    } catch (error) {
      this.#kept.delete(text);
      throw error;
    } finally {
      this.#flights.delete(text);
    }
  }
}

function textOf({ roles, cluster, name }: RouteKey): string {
  return JSON.stringify([roleSetKey(roles), cluster, name]);
}
