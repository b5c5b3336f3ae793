import type { Clock, Timer } from '../clock.ts';
import type { RoleSession } from './role-session.ts';

/** Sessions that are kept at the same time; callers choose the role sets, so there must be an end. */
const MAX_SESSIONS = 64;

/** One that nobody has used for this long is not made anew when it grows old. */
const IDLE_MS = 30 * 60_000;

/** Between two tries to make a successor. */
const RETRY_MS = 5_000;

interface Kept {
  readonly session: Promise<RoleSession>;
  readonly roles: readonly string[];
  usedAtMs: number;
  /** A successor is wanted before its time. */
  outdated: boolean;
  /** No successor is tried before. */
  retryAtMs: number;
  replacing: boolean;
  timer?: Timer;
}

/**
 * The warm sessions, one for each set of roles. A burst for a cold set makes one session. One that grows old is used until
 * its successor has proved that the cluster takes it, so that nobody waits, and a rotation breaks nothing.
 */
export class RoleSessions {
  readonly #clock: Clock;
  readonly #make: (roles: readonly string[]) => Promise<RoleSession>;
  /** In the order of use, the one that was used last at the end. */
  readonly #sessions = new Map<string, Kept>();
  readonly #closing = new Set<Promise<void>>();
  #closed = false;

  constructor(clock: Clock, make: (roles: readonly string[]) => Promise<RoleSession>) {
    this.#clock = clock;
    this.#make = make;
  }

  /** How many are kept. */
  get size(): number {
    return this.#sessions.size;
  }

  /** The session of a set of roles; one that has ended is replaced first, one that is old is replaced meanwhile. */
  async get(roles: readonly string[]): Promise<RoleSession> {
    const key = roleSetKey(roles);
    for (;;) {
      const kept = this.#sessions.get(key) ?? this.#start(key, roles);
      const session = await kept.session;
      const nowMs = this.#clock.now();
      if (nowMs < session.endsAtMs) {
        if (this.#sessions.get(key) === kept) this.#use(key, kept);
        if (kept.outdated || nowMs >= session.staleAtMs) void this.#replace(key, kept);
        return session;
      }
      if (this.#sessions.get(key) === kept) this.#retire(key, kept);
    }
  }

  /** Forgets a session that the cluster does not take any more; one that has replaced it meanwhile stays. */
  async drop(session: RoleSession): Promise<void> {
    const key = roleSetKey(session.roles);
    const kept = this.#sessions.get(key);
    if (kept && (await kept.session.catch(() => undefined)) === session && this.#sessions.get(key) === kept) {
      this.#retire(key, kept);
    }
  }

  /** Forgets the sessions of some sets of roles. */
  dropWhere(isDropped: (roles: readonly string[]) => boolean): void {
    for (const [key, kept] of this.#sessions) if (isDropped(kept.roles)) this.#retire(key, kept);
  }

  /** All are replaced when they are used the next time. */
  outdate(): void {
    for (const kept of this.#sessions.values()) kept.outdated = true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const [key, kept] of this.#sessions) this.#retire(key, kept, 0);
    await Promise.all(this.#closing);
  }

  #start(key: string, roles: readonly string[]): Kept {
    const kept = this.#keep(key, roles, this.#make(roles));
    kept.session.then(
      (session) => this.#plan(key, kept, session),
      () => {
        if (this.#sessions.get(key) === kept) this.#sessions.delete(key);
      },
    );
    const oldest = this.#sessions.size > MAX_SESSIONS ? this.#sessions.entries().next().value : undefined;
    if (oldest) this.#retire(...oldest);
    return kept;
  }

  #keep(key: string, roles: readonly string[], session: Promise<RoleSession>): Kept {
    const kept: Kept = { session, roles, usedAtMs: 0, outdated: false, retryAtMs: 0, replacing: false };
    this.#use(key, kept);
    return kept;
  }

  /** Makes a successor, and puts it in the place of the session when it has reached the cluster. */
  async #replace(key: string, kept: Kept): Promise<void> {
    if (kept.replacing || this.#clock.now() < kept.retryAtMs) return;
    kept.replacing = true;
    let successor: RoleSession | undefined;
    try {
      successor = await this.#make(kept.roles);
      await successor.prove();
      if (this.#closed || this.#sessions.get(key) !== kept) return await successor.close(0);
      this.#retire(key, kept);
      const next = this.#keep(key, kept.roles, Promise.resolve(successor));
      next.usedAtMs = kept.usedAtMs;
      this.#plan(key, next, successor);
    } catch {
      // The old one is still good; whoever uses it next gives another try.
      kept.retryAtMs = this.#clock.now() + RETRY_MS;
      await successor?.close(0);
    } finally {
      kept.replacing = false;
    }
  }

  /** When it grows old one that is used is replaced, and one that is not is let go; at its end it goes in any case. */
  #plan(key: string, kept: Kept, session: RoleSession): void {
    if (this.#sessions.get(key) !== kept) return;
    const nowMs = this.#clock.now();
    const isOld = nowMs >= session.staleAtMs;
    kept.timer = this.#clock.setTimer((isOld ? session.endsAtMs : session.staleAtMs) - nowMs, () => {
      if (isOld || this.#clock.now() - kept.usedAtMs > IDLE_MS) return this.#retire(key, kept);
      void this.#replace(key, kept);
      this.#plan(key, kept, session);
    });
  }

  #use(key: string, kept: Kept): void {
    kept.usedAtMs = this.#clock.now();
    this.#sessions.delete(key);
    this.#sessions.set(key, kept);
  }

  #retire(key: string, kept: Kept, graceMs?: number): void {
    this.#sessions.delete(key);
    kept.timer?.cancel();
    const closing = kept.session.then((made) => made.close(graceMs)).catch(() => {});
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}

/** One text for a set of roles, whatever their order. */
export function roleSetKey(roles: readonly string[]): string {
  return JSON.stringify([...new Set(roles)].sort());
}
