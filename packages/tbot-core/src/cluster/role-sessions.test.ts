import type { Client } from '@teleport-ts/api-client';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, it } from 'vitest';
import { RoleSession } from './role-session.ts';
import { RoleSessions } from './role-sessions.ts';

const HOUR = 3_600_000;

function sessions(connect = (): Promise<Client> => Promise.reject(new Error('nobody connects here'))) {
  const clock = new FakeClock();
  const made: RoleSession[] = [];
  const closed = new Set<RoleSession>();
  const all = new RoleSessions(clock, async (roles) => {
    const life = { issuedAtMs: clock.now(), expiresAtMs: clock.now() + HOUR };
    const session = new RoleSession({ roles, life, home: 'root', connect, follow: () => {} }, 0);
    session.onClose(() => closed.add(session));
    made.push(session);
    return session;
  });
  return { clock, made, closed, all };
}

describe('RoleSessions', () => {
  it('makes one for all who ask for a set of roles at once, in whatever order they name them', async () => {
    const { all, made } = sessions();
    const asked = await Promise.all([all.get(['a', 'b']), all.get(['b', 'a']), all.get(['a', 'b', 'a'])]);
    expect(new Set(asked).size).toBe(1);
    await all.get(['a']);
    expect([made.length, all.size]).toEqual([2, 2]);
  });

  it('closes the one that was not used for the longest time when there are too many', async () => {
    const { all, made, closed } = sessions();
    for (let index = 0; index < 64; index++) await all.get([`role-${index}`]);
    const first = await all.get(['role-0']);
    await all.get(['one more']);
    expect([all.size, closed.size]).toEqual([64, 1]);
    expect([closed.has(made[1]!), await all.get(['role-0'])]).toEqual([true, first]);
  });

  it('lets go what nobody uses when it grows old, and has no timer left in the end', async () => {
    const { all, clock, closed } = sessions();
    const first = await all.get(['a']);
    await clock.advance(HOUR / 6);
    await all.get(['b']);
    await clock.advance(HOUR / 2 + 1);
    expect([all.size, closed.size, closed.has(first)]).toEqual([1, 1, true]);
    expect(await all.get(['a'])).not.toBe(first);
    await all.close();
    await clock.advance(0);
    expect([all.size, closed.size, clock.timers]).toEqual([0, 3, 0]);
  });

  it('replaces what is used when it grows old, as soon as the successor works', async () => {
    let works = false;
    const client = { close: async () => {} } as unknown as Client;
    const { all, clock, made, closed } = sessions(async () => {
      if (!works) throw new Error('the cluster does not take it yet');
      return client;
    });
    const first = await all.get(['a']);
    await clock.advance(HOUR / 3);
    await all.get(['a']);
    await clock.advance(HOUR / 3);
    // Tried at its time, and again by who uses it, but not more often than once in five seconds.
    expect([made.length, closed.size]).toEqual([2, 1]);
    for (let second = 0; second < 12; second++) {
      expect(await all.get(['a'])).toBe(first);
      await clock.advance(1_000);
    }
    expect([made.length, closed.size, all.size]).toEqual([4, 3, 1]);
    works = true;
    await clock.advance(5_000);
    await all.get(['a']);
    await clock.advance(0);
    expect(await all.get(['a'])).toBe(made[4]);
    expect(closed.has(first)).toBe(true);
    await clock.advance(HOUR);
    expect([all.size, clock.timers]).toEqual([0, 0]);
  });

  it('replaces all before their time when they are outdated, and waits only for what has ended', async () => {
    let works = true;
    const client = { close: async () => {} } as unknown as Client;
    const { all, clock, made } = sessions(async () => {
      if (!works) throw new Error('away');
      return client;
    });
    const first = await all.get(['a']);
    all.outdate();
    expect(await all.get(['a'])).toBe(first);
    await clock.advance(0);
    expect(await all.get(['a'])).toBe(made[1]);
    works = false;
    all.outdate();
    await clock.advance(HOUR * 0.6);
    await all.get(['a']);
    await clock.advance(HOUR * 0.4 - 1_000);
    const last = await all.get(['a']);
    await clock.advance(1_000);
    expect(await all.get(['a'])).not.toBe(last);
    await all.close();
  });

  it('drops what it is told to, and only the session that was meant', async () => {
    const { all, clock, closed } = sessions();
    const [ab, b] = [await all.get(['a', 'b']), await all.get(['b'])];
    all.dropWhere((roles) => roles.includes('a'));
    await clock.advance(0);
    expect([all.size, closed.has(ab), closed.has(b)]).toEqual([1, true, false]);
    const next = await all.get(['a', 'b']);
    await all.drop(ab);
    expect(await all.get(['a', 'b'])).toBe(next);
    await all.drop(next);
    expect(await all.get(['a', 'b'])).not.toBe(next);
  });
});
