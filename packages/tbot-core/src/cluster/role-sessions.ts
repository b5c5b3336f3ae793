import type { Clock } from '../clock.ts';
import type { RoleSession } from './role-session.ts';

/** Sessions that are kept at the same time; callers choose the role sets, so there must be an end. */
const MAX_SESSIONS = 64;

/** The warm sessions, one for each set of roles. A burst for a cold set makes one session. */
export class RoleSessions {
  readonly #clock: Clock;
  readonly #make: (roles: readonly string[]) => Promise<RoleSession>;
  /** In the order of use, the one that was used last at the end. */
  readonly #sessions = new Map<string, Promise<RoleSession>>();
  readonly #closing = new Set<Promise<void>>();

  constructor(clock: Clock, make: (roles: readonly string[]) => Promise<RoleSession>) {
    this.#clock = clock;
    this.#make = make;
  }

  /** How many are kept. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of a set of roles; a stale one is replaced first. */
  async get(roles: readonly string[]): Promise<RoleSession> {
    const key = roleSetKey(roles);
    const known = this.#sessions.get(key);
    if (known) {
      const session = await known;
      if (this.#clock.now() < session.staleAtMs) {
        if (this.#sessions.get(key) === known) this.#use(key, known);
        return session;
      }
      if (this.#sessions.get(key) === known) this.#retire(key, known);
    }
    return await (this.#sessions.get(key) ?? this.#start(key, roles));
  }

  /** Forgets a session that the cluster does not take any more; one that has replaced it meanwhile stays. */
  async drop(session: RoleSession): Promise<void> {
    const key = roleSetKey(session.roles);
    const known = this.#sessions.get(key);
    if (known && (await known.catch(() => undefined)) === session && this.#sessions.get(key) === known) {
      this.#retire(key, known);
    }
  }

  /** Forgets the sessions of some sets of roles. */
  dropWhere(isDropped: (roles: readonly string[]) => boolean): void {
    for (const [key, session] of this.#sessions) if (isDropped(JSON.parse(key))) this.#retire(key, session);
  }

  async close(): Promise<void> {
    for (const [key, session] of this.#sessions) this.#retire(key, session, 0);
    await Promise.all(this.#closing);
  }

  #start(key: string, roles: readonly string[]): Promise<RoleSession> {
    const making = this.#make(roles);
    this.#use(key, making);
    making.then(
      (session) => this.#retireWhenStale(key, making, session),
      () => {
        if (this.#sessions.get(key) === making) this.#sessions.delete(key);
      },
    );
    const oldest = this.#sessions.size > MAX_SESSIONS ? this.#sessions.entries().next().value : undefined;
    if (oldest) this.#retire(...oldest);
    return making;
  }

  /** One that nobody uses any more is not kept for that. */
  #retireWhenStale(key: string, making: Promise<RoleSession>, session: RoleSession): void {
    if (this.#sessions.get(key) !== making) return;
    const timer = this.#clock.setTimer(session.staleAtMs - this.#clock.now(), () => {
      if (this.#sessions.get(key) === making) this.#retire(key, making);
    });
    session.onClose(() => timer.cancel());
  }

  #use(key: string, session: Promise<RoleSession>): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
  }

  #retire(key: string, session: Promise<RoleSession>, graceMs?: number): void {
    this.#sessions.delete(key);
    const closing = session.then((made) => made.close(graceMs)).catch(() => {});
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}

/** One text for a set of roles, whatever their order. */
export function roleSetKey(roles: readonly string[]): string {
  return JSON.stringify([...new Set(roles)].sort());
}
