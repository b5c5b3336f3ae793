import type { CertAuthority } from '@teleport-ts/api-types/resources/cert-authority';
import { describe, expect, test } from 'vitest';
import { caRotation, rotationStep } from './ca-rotation.ts';
import { asksForRenewal, renewalDelayMs } from './renewal-phase.ts';

type Rotation = NonNullable<CertAuthority['rotation']>;

const started = new Date('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;

function authority(rotation: Partial<Rotation> | undefined, type = 'user'): CertAuthority {
  const none = { updateClients: undefined, updateServers: undefined, standby: undefined };
  const whole = rotation && {
    state: 'in_progress',
    phase: 'init',
    mode: 'manual',
    id: 'r1',
    started,
    lastRotated: undefined,
    gracePeriodMs: 30 * HOUR,
    schedule: none,
    ...rotation,
  };
  return { type, clusterName: 'root.test', rotation: whole } as unknown as CertAuthority;
}

describe('caRotation', () => {
  test('tells phase, reason, and when the old authority goes: by the schedule, else by the grace', () => {
    expect(caRotation(authority({ phase: 'update_clients' }))).toEqual({
      type: 'user',
      cluster: 'root.test',
      phase: 'update_clients',
      reason:
        'the successor of the user authority of root.test signs now: what the old one has signed ends with the rotation',
      deadline: new Date(started.getTime() + 30 * HOUR),
    });
    const standby = new Date('2026-01-01T06:00:00Z');
    const schedule = { updateClients: started, updateServers: started, standby };
    expect(caRotation(authority({ mode: 'auto', schedule }))?.deadline).toEqual(standby);
    for (const phase of ['rollback', 'standby'])
      expect(caRotation(authority({ phase }))).not.toHaveProperty('deadline');
    expect(caRotation(authority({ gracePeriodMs: 0 }))).not.toHaveProperty('deadline');
  });

  test('has nothing to say of what was never rotated, is of no concern, or is not known', () => {
    const silent = [authority(undefined), authority({}, 'jwt'), authority({ phase: '' }), authority({ phase: 'new' })];
    expect(silent.map(caRotation)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('tells steps apart, those without grace too', () => {
    const steps = [
      authority(undefined),
      authority({ phase: 'init' }),
      authority({ phase: 'update_clients' }),
      authority({ phase: 'init', id: 'r2' }),
      authority({ phase: 'standby', lastRotated: started }),
      authority({ phase: 'standby', lastRotated: new Date(started.getTime() + 1) }),
    ].map(rotationStep);
    expect(new Set(steps).size).toBe(steps.length);
    expect(rotationStep(authority({ gracePeriodMs: 1 }))).toBe(rotationStep(authority({ gracePeriodMs: 2 })));
  });
});

describe('a renewal', () => {
  test('is asked for when another authority signs, or one is gone', () => {
    const phases = ['init', 'update_clients', 'update_servers', 'rollback', 'standby'];
    const asking = phases.filter((phase) => asksForRenewal(caRotation(authority({ phase }))!));
    expect(asking).toEqual(['update_clients', 'rollback', 'standby']);
  });

  test('waits a second to ten, and never longer than half of what is left', () => {
    const rotation = caRotation(authority({ phase: 'update_clients' }))!;
    const delay = (leftMs: number, random: number): number =>
      renewalDelayMs(rotation, rotation.deadline!.getTime() - leftMs, random);
    expect([delay(HOUR, 0), delay(HOUR, 0.5), delay(4_000, 0.5), delay(0, 0.5), delay(-1, 0.5)]).toEqual([
      1_000, 5_500, 2_000, 0, 0,
    ]);
    expect(delay(HOUR, 0.999)).toBeLessThan(10_000);
  });
});
