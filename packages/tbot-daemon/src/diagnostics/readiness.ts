import { isTeleportError } from '@teleport-ts/api-types';
import type { Clock } from '@teleport-ts/tbot-core';

/** How a part of the agent is. */
export type ServiceState = 'healthy' | 'unhealthy' | 'starting';

/** What `/readyz` says of one part; the names are those of later releases of tbot. */
export interface ServiceReport {
  status: ServiceState;
  /** Why it is not healthy. */
  reason?: string;
  /** Since when, RFC 3339. */
  updated_at: string;
}

/** What `/readyz` answers. */
export interface ReadinessReport {
  /** `healthy` when all services are. */
  status: ServiceState;
  pid: number;
  services: Record<string, ServiceReport>;
}

/** Looks at a part of the agent: undefined when it is healthy, else what is wrong. */
export type Check = () => Promise<unknown>;

/**
 * Whether the agent does what it is there for. Each part has a check that is run when somebody asks; one that was not
 * registered yet is `starting`.
 */
export class Readiness {
  readonly #clock: Clock;
  readonly #checks = new Map<string, Check | undefined>();
  readonly #reports = new Map<string, ServiceReport>();
  #stopping = false;

  /** @param names of the parts that must be there */
  constructor(names: readonly string[], clock: Clock) {
    this.#clock = clock;
    for (const name of names) {
      this.#checks.set(name, undefined);
      this.#report(name, 'starting');
    }
  }

  /** From here on the part is looked at. */
  register(name: string, check: Check): void {
    this.#checks.set(name, check);
  }

  /** From here on nothing is healthy. */
  stop(): void {
    this.#stopping = true;
  }

  /** Looks at all parts, or at the one with a name. Undefined when there is none of that name. Never rejects. */
  async look(name?: string): Promise<ReadinessReport | undefined> {
    const names = name === undefined ? [...this.#checks.keys()] : [name];
    if (!names.every((one) => this.#checks.has(one))) return undefined;
    const reports = await Promise.all(names.map(async (one) => [one, await this.#look(one)] as const));
    return {
      status: overall(reports.map(([, { status }]) => status)),
      pid: process.pid,
      services: Object.fromEntries(reports),
    };
  }

  /** What was found the last time, by name. */
  known(): ReadonlyMap<string, ServiceReport> {
    return this.#reports;
  }

  async #look(name: string): Promise<ServiceReport> {
    if (this.#stopping) return this.#report(name, 'unhealthy', 'the agent is stopping');
    const check = this.#checks.get(name);
    if (!check) return this.#report(name, 'starting');
    try {
      const trouble = await check();
      return trouble === undefined ? this.#report(name, 'healthy') : this.#report(name, 'unhealthy', words(trouble));
    } catch (error) {
      return this.#report(name, 'unhealthy', words(error));
    }
  }

  #report(name: string, status: ServiceState, reason?: string): ServiceReport {
    const before = this.#reports.get(name);
    const since = before?.status === status ? before.updated_at : new Date(this.#clock.now()).toISOString();
    const report = { status, ...(reason !== undefined && { reason }), updated_at: since };
    this.#reports.set(name, report);
    return report;
  }
}

function overall(states: readonly ServiceState[]): ServiceState {
  if (states.includes('unhealthy')) return 'unhealthy';
  return states.includes('starting') ? 'starting' : 'healthy';
}

/** What nobody meant to be read stays in the log. */
function words(trouble: unknown): string {
  if (typeof trouble === 'string') return trouble;
  return isTeleportError(trouble) ? trouble.message : 'it failed unexpectedly; the log says why';
}
