import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { KeptRoutes, ROUTE_TRUST_MS, type RouteKey } from './kept-routes.ts';
import type { Target } from './target.ts';

const pg: Target = { kind: 'database', name: 'pg', protocol: 'postgres' };
const key: RouteKey = { roles: ['b', 'a'], cluster: 'root', kind: 'database', name: 'pg' };

let clock: FakeClock;
let routes: KeptRoutes;
let asked: number;
beforeEach(() => {
  clock = new FakeClock();
  routes = new KeptRoutes(clock);
  asked = 0;
});

/** Asks, and is answered once `answer` is called. */
function asking(of: RouteKey = key): { target: Promise<Target>; answer: (target?: Target) => Promise<void> } {
  let settle: (target?: Target) => void = () => {};
  const target = routes.ask(of, () => {
    asked++;
    return new Promise((resolve, reject) => {
      settle = (found) => (found ? resolve(found) : reject(new Error('gone')));
    });
  });
  return {
    target,
    answer: async (found) => {
      settle(found);
      await target.catch(() => {});
    },
  };
}

describe('kept routes', () => {
  it('are fresh for a second from when they were asked for, and stay afterwards', async () => {
    const { answer } = asking();
    await clock.advance(400);
    await answer(pg);
    await clock.advance(ROUTE_TRUST_MS - 400);
    expect(routes.get(key)).toEqual({ target: pg, fresh: true });
    await clock.advance(1);
    expect(routes.get(key)).toEqual({ target: pg, fresh: false });
  });

  it('are asked for once by many, and again after a failure', async () => {
    const first = asking();
    const second = asking();
    await first.answer();
    await expect(second.target).rejects.toThrow('gone');
    expect([asked, routes.get(key)]).toEqual([1, undefined]);
    await asking().answer(pg);
    expect([asked, routes.get(key)?.target]).toEqual([2, pg]);
    await asking().answer();
    expect([asked, routes.get(key)]).toEqual([3, undefined]);
  });

  it('are the same for the same roles in another order, and not for another kind, cluster or name', async () => {
    await asking().answer(pg);
    expect(routes.get({ ...key, roles: ['a', 'b', 'a'] })?.target).toEqual(pg);
    const others = [{ roles: ['a'] }, { cluster: 'leaf' }, { kind: 'application' as const }, { name: 'pg2' }];
    for (const other of others) expect(routes.get({ ...key, ...other }), JSON.stringify(other)).toBeUndefined();
  });

  it('that are forgotten do not come back with an answer from before', async () => {
    for (const forget of [() => routes.forget(key), () => routes.forgetView(key)]) {
      const early = asking();
      forget();
      const late = asking();
      const moved = { ...pg, protocol: 'mysql' };
      await late.answer(moved);
      await early.answer(pg);
      expect(routes.get(key)?.target).toEqual(moved);
      forget();
      expect(routes.get(key)).toBeUndefined();
    }
    expect(asked).toBe(4);
  });

  it('of one view are forgotten together', async () => {
    const leaf = { ...key, cluster: 'leaf' };
    const other = { ...key, roles: ['a'] };
    for (const of of [key, { ...key, name: 'pg2' }, leaf, other]) await asking(of).answer(pg);
    routes.forgetView({ roles: ['a', 'b'], cluster: 'root' });
    expect([routes.get(key), routes.get({ ...key, name: 'pg2' })]).toEqual([undefined, undefined]);
    expect([routes.get(leaf)?.target, routes.get(other)?.target, routes.size]).toEqual([pg, pg, 2]);
  });

  it('have an end', async () => {
    for (let i = 0; i < 10_005; i++) await routes.ask({ ...key, name: `${i}` }, () => Promise.resolve(pg));
    expect([routes.size, routes.get({ ...key, name: '4' }), routes.get({ ...key, name: '5' })?.target]).toEqual([
      10_000,
      undefined,
      pg,
    ]);
  });
});
