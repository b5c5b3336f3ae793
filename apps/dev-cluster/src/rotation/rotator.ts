import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { AUTHORITY_TYPES, type AuthorityType } from '../pki/cert-authority.ts';
import type { Authorities } from '../state/authorities.ts';
import { nextPhase } from './phases.ts';
import { checkedRotation, dueAtMs, type RotationRequest, type RotationStep } from './rotation-request.ts';

/** What follows a phase when a rotation goes on by itself, and where its schedule says when. */
const AUTOMATIC = {
  init: ['update_clients', 'UpdateClients'],
  update_clients: ['update_servers', 'UpdateServers'],
  update_servers: ['standby', 'Standby'],
} as const;

/** The longest time that the machine's timers can wait. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Rotates authorities: step by step when told to, or by a schedule, which is kept by the cluster's clock. */
export class Rotator {
  readonly #authorities: Authorities;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timers = new Map<AuthorityType, Timer>();

  constructor(options: { authorities: Authorities; clock: Clock; logger: Logger }) {
    this.#authorities = options.authorities;
    this.#clock = options.clock;
    this.#logger = options.logger;
    for (const type of AUTHORITY_TYPES) this.#schedule(type);
  }

  /**
   * One step.
   *
   * @throws TeleportError `bad_parameter` when the request is no good, or may not follow the phase the authority is in
   */
  async rotate(request: RotationRequest): Promise<void> {
    const step = checkedRotation(request, this.#clock.now());
    const { type } = step;
    const next = this.#authorities.create(type);
    nextPhase(this.#authorities.generations(type), step, this.#clock.now(), () => next);
    if (step.targetPhase === 'init') await Promise.all([next.prepare(), this.#authorities.prepare(type)]);
    this.#take(step, () => next); // checked again: somebody else may have been faster
  }

  /** No step is taken by itself any more. */
  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  #take(step: RotationStep, makeNext: Parameters<typeof nextPhase>[3]): void {
    const { type } = step;
    const current = this.#authorities.generations(type);
    this.#authorities.replace(type, nextPhase(current, step, this.#clock.now(), makeNext));
    this.#schedule(type);
  }

  #schedule(type: AuthorityType): void {
    this.#timers.get(type)?.cancel();
    this.#timers.delete(type);
    const { rotation } = this.#authorities.generations(type);
    if (rotation?.Mode !== 'auto' || rotation.State !== 'in_progress') return;
    const { Phase, Schedule, GracePeriod } = rotation;
    if (!Schedule || !(Phase in AUTOMATIC)) return;
    const [targetPhase, due] = AUTOMATIC[Phase as keyof typeof AUTOMATIC];
    const delayMs = Math.max(0, dueAtMs(Schedule[due]) - this.#clock.now());
    const run = (): void => {
      if (delayMs > MAX_DELAY_MS) {
        this.#schedule(type);
        return;
      }
      this.#logger.debug({ type, targetPhase }, 'rotation goes on by its schedule');
      const step = { type, targetPhase, mode: 'auto', gracePeriodNs: GracePeriod, schedule: Schedule };
      this.#take(step, () => this.#authorities.create(type));
    };
    this.#timers.set(type, this.#clock.setTimer(Math.min(delayMs, MAX_DELAY_MS), run));
  }
}
