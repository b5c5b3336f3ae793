import { isTeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import { findTarget } from './find-target.ts';
import { followTargets, type TargetChange } from './follow-targets.ts';
import { type KeptRoute, KeptRoutes, type RouteKey } from './kept-routes.ts';
import { openRoleSession, type SessionOptions } from './open-role-session.ts';
import { offendingRoles } from './own-role.ts';
import { RoleSessions } from './role-sessions.ts';
import type { Target } from './target.ts';

/** A younger session is not the trouble: callers who ask for what their roles may not reach must not cost others theirs. */
const SESSION_TRUST_MS = 10_000;

/** Finds resources as sets of roles see them, by sessions of those roles, and keeps what it has found. */
export class TargetFinder {
  readonly #clock: Clock;
  readonly #sessions: RoleSessions;
  readonly #routes: KeptRoutes;

  constructor(options: Omit<SessionOptions, 'follow'>) {
    const { clock, random } = options;
    this.#clock = clock;
    this.#routes = new KeptRoutes(clock);
    const follow: SessionOptions['follow'] = (client, view, signal) => {
      const onChange = ({ kind, names, now }: TargetChange): void => {
        for (const name of names) this.#routes.told({ ...view, kind, name }, now);
      };
      void followTargets(client, { clock, random, signal, onChange });
    };
    this.#sessions = new RoleSessions(clock, (roles) => openRoleSession({ ...options, follow }, roles));
  }

  /** Sessions that are kept. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Forgets the sessions of roles that are not among these, which may hold patterns. */
  keepSessions(impersonable: readonly string[]): void {
    this.#sessions.dropWhere((roles) => offendingRoles(roles, impersonable).length > 0);
  }

  /** All sessions are replaced as soon as others work: they may trust, or were signed by, what is about to go. */
  replaceSessions(): void {
    this.#sessions.outdate();
  }

  /** What was found the last time. */
  kept(key: RouteKey): KeptRoute | undefined {
    return this.#routes.get(key);
  }

  /**
   * Asks the cluster, or joins a question that is on its way.
   *
   * @throws TeleportError, see `findTarget`
   */
  find(key: RouteKey): Promise<Target> {
    return this.#routes.ask(key, () => this.#lookUp(key));
  }

  /** To be asked anew: the cluster has said that it is not there. */
  forget(key: RouteKey): void {
    this.#routes.forget(key);
  }

  async close(): Promise<void> {
    await this.#sessions.close();
  }

  /** A session that the cluster does not take any more is made anew. */
  async #lookUp(key: RouteKey): Promise<Target> {
    const session = await this.#sessions.get(key.roles);
    try {
      return await findTarget(await session.client(key.cluster), key);
    } catch (error) {
      const ageMs = this.#clock.now() - session.madeAtMs;
      if (!isSessionRefused(error) || ageMs < SESSION_TRUST_MS) throw error;
      await this.#sessions.drop(session);
      const next = await this.#sessions.get(key.roles);
      return await findTarget(await next.client(key.cluster), key);
    }
  }
}

/** What says that a session, and not the thing that was looked for, is the trouble. */
function isSessionRefused(error: unknown): boolean {
  if (!isTeleportError(error)) return false;
  return (
    error.code === 'access_denied' ||
    error.code === 'expired' ||
    (error.code === 'connection_problem' && !error.retryable)
  );
}
