import { randomUUID } from 'node:crypto';
import { Rotation } from '@teleport-ts/api-types/proto/teleport/types/rotation';
import { badParameter } from '../errors.ts';
import type { CertAuthority } from '../pki/cert-authority.ts';
import type { Generations } from '../state/authorities.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import type { RotationStep } from './rotation-request.ts';

/** The phases of a rotation, in their order; `rollback` leads back from each of them but the last. */
export type RotationPhase = 'init' | 'update_clients' | 'update_servers' | 'standby' | 'rollback';

/**
 * Where an authority stands after a step of its rotation.
 *
 * | phase | signs | trusted beside it |
 * |---|---|---|
 * | `init` | old | new |
 * | `update_clients`, `update_servers` | new | old |
 * | `rollback` | old | new |
 * | `standby` | whichever signed last | – |
 *
 * @param makeNext makes the new generation; called in `init` only
 * @throws TeleportError `bad_parameter` when the step may not follow the phase that the authority is in
 */
export function nextPhase(
  current: Generations,
  step: RotationStep,
  nowMs: number,
  makeNext: () => CertAuthority,
): Generations {
  const next = follow(current, step, nowMs, makeNext);
  const mode = next.rotation?.Mode ?? '';
  if (!['', 'manual', 'auto'].includes(mode)) throw badParameter(`unsupported mode: ${JSON.stringify(mode)}`);
  return next;
}

function follow(current: Generations, step: RotationStep, nowMs: number, makeNext: () => CertAuthority): Generations {
  const rotation = current.rotation ?? neverRotated();
  const { targetPhase, mode } = step;
  const from = rotation.Phase;
  switch (targetPhase) {
    case 'init':
      if (rotation.State !== '' && rotation.State !== 'standby') {
        throw badParameter('can not initiate rotation while another is in progress');
      }
      return begin(current, rotation, step, nowMs, makeNext());
    case 'update_clients':
      if (from !== 'init') throw onlyFrom(targetPhase, 'init', from);
      return { ...swapped(current), rotation: { ...rotation, State: 'in_progress', Phase: targetPhase, Mode: mode } };
    case 'update_servers':
      if (from !== 'update_clients') throw onlyFrom(targetPhase, 'update_clients', from);
      return { ...current, rotation: { ...rotation, Phase: targetPhase, Mode: mode } };
    case 'rollback':
      if (!['init', 'update_clients', 'update_servers'].includes(from)) throw noWay(targetPhase, from);
      return {
        ...(from === 'init' ? current : swapped(current)),
        rotation: { ...rotation, State: 'in_progress', Phase: targetPhase, Mode: 'manual' },
      };
    case 'standby':
      if (from !== 'update_servers' && from !== 'rollback') throw noWay(targetPhase, from);
      return { active: current.active, rotation: completed(rotation, nowMs) };
    default:
      throw badParameter(`unsupported phase: ${JSON.stringify(targetPhase)}`);
  }
}

/** Without a grace period the new generation takes over at once, and the old one is trusted no longer. */
function begin(
  current: Generations,
  rotation: Rotation,
  step: RotationStep,
  nowMs: number,
  next: CertAuthority,
): Generations {
  const atOnce = step.gracePeriodNs === 0n;
  const started: Rotation = {
    ...rotation,
    State: atOnce ? 'standby' : 'in_progress',
    Phase: atOnce ? 'standby' : 'init',
    Mode: step.mode,
    CurrentID: randomUUID(),
    Started: toTimestamp(nowMs),
    GracePeriod: step.gracePeriodNs,
    Schedule: step.schedule,
  };
  if (atOnce) return { active: next, rotation: started };
  return { active: current.active, additional: next, rotation: started };
}

function completed(rotation: Rotation, nowMs: number): Rotation {
  const never = zeroTime();
  return {
    ...rotation,
    State: 'standby',
    Phase: 'standby',
    Mode: '',
    Started: never,
    LastRotated: toTimestamp(nowMs),
    Schedule: { UpdateClients: never, UpdateServers: never, Standby: never },
  };
}

function swapped({ active, additional }: Generations): Generations {
  return { active: additional ?? active, additional: active };
}

function neverRotated(): Rotation {
  return Rotation.create({ LastRotated: zeroTime() });
}

const onlyFrom = (phase: string, from: string, current: string): Error =>
  badParameter(`can only switch to phase ${phase} from ${from}, current phase is ${current}`);

const noWay = (phase: string, from: string): Error =>
  badParameter(`can not transition to phase "${phase}" from "${from}" phase.`);
