import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE, until } from '../test-support/bot-in-cluster.ts';
import { visitApplication } from '../test-support/visit-application.ts';
import type { Bot } from './bot.ts';
import type { CaRotation } from './destination-host.ts';
import type { Identity } from './identity.ts';

let bots: BotInCluster;
let bot: Bot;
beforeAll(async () => {
  bots = await BotInCluster.start();
});
beforeEach(async () => {
  await bots.restore();
  bot = await bots.joined();
  await until(() => bot.status().authorityWatch.state === 'healthy');
});
afterAll(() => bots[Symbol.asyncDispose]());

const foo = { kind: 'application', name: 'foo' } as const;
const PHASES = ['init', 'update_clients', 'update_servers', 'standby'] as const;

/** Collects what comes out of an iteration until it ends. */
function collect<T>(source: AsyncIterable<T>): { seen: T[]; over: Promise<unknown> } {
  const seen: T[] = [];
  const over = (async () => {
    for await (const each of source) seen.push(each);
  })().catch((error: unknown) => error);
  return { seen, over };
}

const hostKeys = ({ authorities }: Identity): number =>
  authorities.filter(({ type }) => type === 'host').flatMap(({ tlsCertificates }) => tlsCertificates).length;

describe('a rotation', () => {
  it('is told step by step, renews the bot in time, and costs nobody anything', async () => {
    const told = collect(bot.listenForRotation());
    const watched = collect(bot.watchIdentity(foo));
    await until(() => watched.seen.length === 1);
    const trusted: number[] = [];
    for (const phase of PHASES) {
      for (const type of ['host', 'user'] as const) await bots.cluster.rotate(type, phase);
      await until(() => told.seen.filter((step) => step.phase === phase).length === 2);
      const { generation } = bot.status();
      trusted.push(hostKeys(await bot.generateIdentity(foo)));
      await bots.clock.advance(11_000);
      if (phase === 'update_clients' || phase === 'standby') {
        await until(() => bot.status().generation > generation && bot.status().authorityWatch.state === 'healthy');
      } else expect(bot.status().generation).toBe(generation);
    }
    expect(trusted).toEqual([2, 2, 2, 1]);
    expect(told.seen.map(({ type, phase }) => `${type} ${phase}`).sort()).toEqual(
      PHASES.flatMap((phase) => [`host ${phase}`, `user ${phase}`]).sort(),
    );
    const deadlines = told.seen.map(({ phase, deadline }) => [
      phase,
      deadline && deadline > new Date(bots.clock.now()),
    ]);
    expect(new Set(deadlines.map(String))).toEqual(
      new Set(['init,true', 'update_clients,true', 'update_servers,true', 'standby,']),
    );
    expect(told.seen[0]?.reason).toBe(
      `a rotation of the host authority of ${bots.cluster.name} has begun: its successor is trusted beside it`,
    );
    // One credential to begin with, one for each of the two steps that concern its holder.
    await until(() => watched.seen.length === 3);
    const { status } = await visitApplication(watched.seen[2]!, bots.cluster.proxyAddress, bots.cluster.webCaPem);
    expect(status).toBe(200);
    await bot.close();
    expect(await told.over).toMatchObject({ code: 'canceled', message: 'the bot is closed' });
    expect(await watched.over).toMatchObject({ code: 'canceled' });
  });

  it('that is taken back renews too', async () => {
    const told = collect(bot.listenForRotation());
    const { generation } = bot.status();
    await bots.cluster.rotate('user', 'init');
    await bots.cluster.rotate('user', 'rollback');
    await until(() => told.seen.at(-1)?.phase === 'rollback');
    await bots.clock.advance(11_000);
    await until(() => bot.status().generation === generation + 1);
    expect(told.seen.at(-1)).toMatchObject({ type: 'user', cluster: bots.cluster.name });
    expect(told.seen.at(-1)?.deadline).toBeUndefined();
    await bots.cluster.rotate('user', 'standby');
    await until(() => told.seen.at(-1)?.phase === 'standby');
  });

  it('of the database authority concerns credentials, but not the bot', async () => {
    const told = collect(bot.listenForRotation());
    const { generation } = bot.status();
    for (const phase of PHASES) await bots.cluster.rotate('db', phase);
    await until(() => told.seen.at(-1)?.phase === 'standby');
    await bots.clock.advance(MINUTE);
    expect(bot.status().generation).toBe(generation);
  });
});

describe('the watch of the authorities', () => {
  const steps = (told: { seen: CaRotation[] }): string[] => told.seen.map(({ phase }) => phase);

  it('goes on after a renewal, a lock and a restart, and finds what it has missed', async () => {
    // A cluster of its own: after a restart the clocks must agree with that of the machine.
    await using own = await BotInCluster.start();
    const follower = await own.joined();
    const healthy = (): boolean => follower.status().authorityWatch.state === 'healthy';
    await until(healthy);
    const told = collect(follower.listenForRotation());
    await follower.renew();
    // A call is counted when it is over: the first connection's watch has ended.
    await until(() => own.cluster.calls.count('WatchEvents') === 1 && healthy());
    await own.cluster.rotate('db', 'init');
    await until(() => told.seen.length === 1);
    await own.cluster.restart();
    await until(() => !healthy());
    expect(follower.status().authorityWatch).toEqual({
      state: 'unhealthy',
      lastError: expect.any(String),
      lastErrorAt: new Date(own.clock.now()),
    });
    await own.cluster.rotate('db', 'update_clients');
    await own.cluster.rotate('db', 'update_servers');
    const name = own.cluster.lock({ user: 'bot-ci' });
    const refusals = own.cluster.calls.count('WatchEvents');
    await own.withTime(until(() => own.cluster.calls.count('WatchEvents') > refusals + 2));
    expect(healthy()).toBe(false);
    own.cluster.unlock(name);
    await own.withTime(until(() => healthy() && told.seen.length === 2));
    expect(steps(told)).toEqual(['init', 'update_servers']);
    expect(follower.status().authorityWatch).toEqual({ state: 'healthy' });
    own.cluster.resetWatches();
    await own.cluster.rotate('db', 'standby');
    await own.withTime(until(() => told.seen.length === 3));
    expect(own.log).not.toMatch(/^(warn|error)/m);
  });

  it('lets authorities be kept, and lets them go as soon as they change', async () => {
    const asked = (): number => bots.cluster.calls.count('GetCertAuthorities');
    await bot.generateIdentity(foo);
    const before = asked();
    await bots.clock.advance(2 * MINUTE);
    await bot.generateIdentity(foo);
    expect(asked()).toBe(before);
    const told = collect(bot.listenForRotation());
    await bots.cluster.rotate('user', 'init');
    await until(() => told.seen.length === 1);
    const { authorities } = await bot.generateIdentity(foo);
    expect(authorities.find(({ type }) => type === 'user')?.tlsCertificates).toHaveLength(2);
    expect(asked()).toBe(before + 3);
    for (const phase of ['rollback', 'standby'] as const) await bots.cluster.rotate('user', phase);
  });
});

describe('an identity whose authority was rotated away', () => {
  /** Rotates the user authority while no bot looks. */
  async function rotateAway(cluster: BotInCluster['cluster']): Promise<void> {
    for (const phase of PHASES) await cluster.rotate('user', phase);
  }

  it('ends a start with the reason, and a new token helps', async () => {
    const store = await bots.directory();
    const away = await bots.joined({ store });
    await away.close();
    await rotateAway(bots.cluster);
    await bots.clock.advance(3 * MINUTE);
    const error = await bots.failure(bots.bot({ store }));
    expect(error).toMatchObject({ code: 'expired', hint: expect.stringContaining('its authority was rotated') });
    expect((await bots.joined({ store })).status()).toMatchObject({ state: 'running', generation: 1 });
  });

  it('is not given up when it was issued a moment ago: not all of a cluster may know the new one yet', async () => {
    const store = await bots.directory();
    const away = await bots.joined({ store });
    await away.close();
    await rotateAway(bots.cluster);
    const startedAt = bots.clock.now();
    const error = await bots.failure(bots.bot({ store }));
    expect(error.code).toBe('expired');
    expect(bots.clock.now() - startedAt).toBeGreaterThan(100_000);
    expect(bots.log).toContain('the cluster does not take the new identity yet');
  });
});

describe('who listens', () => {
  it('may leave at any time, and hears the reason of a signal', async () => {
    const controller = new AbortController();
    const aborted = collect(bot.listenForRotation({ signal: controller.signal }));
    const iterator = bot.listenForRotation()[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    controller.abort(new Error('never mind'));
    expect(await aborted.over).toEqual(new Error('never mind'));
    await bot.close();
    await expect(bot.listenForRotation()[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'canceled' });
  });
});
