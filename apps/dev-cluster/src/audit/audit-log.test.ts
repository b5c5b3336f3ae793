import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { AuditLog, type AuditSearch } from './audit-log.ts';

const HOUR_MS = 3_600_000;

function logOf(count: number, capacity?: number): { log: AuditLog; clock: FakeClock; names: string[] } {
  const clock = new FakeClock();
  const log = new AuditLog({ clock, clusterName: 'c', ...(capacity !== undefined && { capacity }) });
  const names = Array.from({ length: count }, (_, index) => `r${index}`);
  for (const Name of names) {
    log.emit(Name.endsWith('5') ? 'role.deleted' : 'role.created', { Resource: { Name } });
    void clock.advance(1000);
  }
  return { log, clock, names };
}

const everything = (clock: FakeClock, more: Partial<AuditSearch> = {}): AuditSearch => ({
  from: 0,
  to: clock.now() + HOUR_MS,
  types: [],
  limit: 0,
  startKey: '',
  newestFirst: false,
  ...more,
});

const namesOf = (log: AuditLog, search: AuditSearch): (string | undefined)[] =>
  log.search(search).records.map(({ event }) => ('Resource' in event.value ? event.value.Resource?.Name : undefined));

describe('the audit log', () => {
  it('forgets the oldest', () => {
    const { log, clock, names } = logOf(95, 10);
    expect(namesOf(log, everything(clock))).toEqual(names.slice(-10));
  });

  it('answers in pages, in either order', () => {
    const { log, clock, names } = logOf(25);
    for (const newestFirst of [false, true]) {
      const found: unknown[] = [];
      let startKey = '';
      do {
        const search = everything(clock, { newestFirst, limit: 10, startKey });
        found.push(...namesOf(log, search));
        startKey = log.search(search).lastKey;
      } while (startKey !== '');
      expect(found).toEqual(newestFirst ? [...names].reverse() : names);
    }
  });

  it('finds by type and time', () => {
    const { log, clock } = logOf(25);
    expect(namesOf(log, everything(clock, { types: ['role.deleted'] }))).toEqual(['r5', 'r15']);
    const [third, fifth] = [log.records[2]!.at, log.records[4]!.at];
    expect(namesOf(log, everything(clock, { from: third, to: fifth }))).toEqual(['r2', 'r3', 'r4']);
    expect(namesOf(log, everything(clock, { startKey: 'nobody' }))).toEqual([]);
  });

  it('refuses what the real one refuses', () => {
    const { log, clock } = logOf(1);
    expect(() => log.search(everything(clock, { limit: 100_000 }))).toThrow(
      'limit 100000 exceeds max iteration limit 1000',
    );
    expect(() => log.search(everything(clock, { from: clock.now(), to: clock.now() - 24 * HOUR_MS }))).toThrow(
      'invalid days',
    );
    expect(namesOf(log, everything(clock, { from: clock.now(), to: clock.now() - HOUR_MS }))).toEqual([]);
  });

  it('ends a page before it is too large', () => {
    const clock = new FakeClock();
    const log = new AuditLog({ clock, clusterName: 'c' });
    const Name = 'x'.repeat(300_000);
    for (let count = 0; count < 5; count++) log.emit('role.created', { Resource: { Name } });
    const first = log.search(everything(clock));
    expect(first.records).toHaveLength(3);
    expect(first.lastKey).toBe(first.records[2]?.id);
    expect(log.search(everything(clock, { startKey: first.lastKey })).records).toHaveLength(2);
  });
});
