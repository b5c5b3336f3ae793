import { writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE, until } from '../test-support/bot-in-cluster.ts';
import type { Destination, FileSet } from './destinations/destination.ts';

let bots: BotInCluster;
beforeEach(async () => {
  bots = await BotInCluster.start();
});
afterEach(async () => {
  await bots[Symbol.asyncDispose]();
});

describe('renewal', () => {
  it('follows the clock, one generation at a time, and uses the new identity for calls', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    const first = bot.status().expires;
    for (const generation of [2, 3]) {
      await bots.clock.advance(20 * MINUTE);
      await until(() => bot.status().generation === generation);
      await until(() => bot.status().state === 'running');
      expect((await bot.generateIdentity({ kind: 'application', name: 'foo' })).tls.impersonator).toBe('bot-ci');
    }
    expect(bot.status().expires.getTime() - first.getTime()).toBe(40 * MINUTE);
    expect(bots.cluster.locks).toHaveLength(0);
  });

  it('happens once, however many ask', async () => {
    const bot = await bots.joined();
    await Promise.all([bot.renew(), bot.renew(), bot.renew()]);
    expect(bot.status().generation).toBe(2);
    await bot.renew();
    expect(bot.status().generation).toBe(3);
    expect(bots.cluster.locks).toHaveLength(0);
  });

  it('leaves calls that are on their way alone', async () => {
    const bot = await bots.joined();
    await bot.generateIdentity({ kind: 'application', name: 'foo' });
    bots.cluster.faults.next('GenerateUserCerts', { delayMs: 3_000 });
    const slow = bot.generateIdentity({ kind: 'application', name: 'foo' });
    await until(() => bots.clock.nextTimerAt === bots.clock.now() + 3_000);
    await bot.renew();
    await bots.clock.advance(3_000);
    const identity = await slow;
    expect(identity.roles).toEqual(['deployer']);
    expect(bot.status().generation).toBe(2);
  });

  it('is picked up after a restart without a token', async () => {
    const bot = await bots.joined({ store: await bots.directory() });
    const { botInstanceId } = bot.status();
    await bot.close();
    const again = await bots.bot({ store: await bots.directory() });
    expect(again.status()).toMatchObject({ generation: 2, botInstanceId, state: 'running' });
  });

  it('joins anew at start when the token is another', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    const { botInstanceId } = bot.status();
    await bot.close();
    const again = await bots.joined({ store: await bots.directory() });
    expect(again.status().generation).toBe(1);
    expect(again.status().botInstanceId).not.toBe(botInstanceId);
  });

  it('keeps trying while the cluster is away, and recovers', async () => {
    const bot = await bots.joined();
    bots.cluster.faults.next('Ping', 'unavailable');
    bots.cluster.faults.next('Ping', 'unavailable');
    await bots.clock.advance(20 * MINUTE);
    await until(() => bot.status().state === 'degraded');
    expect(bot.status().lastError).toContain('injected fault');
    await bots.withTime(
      (async () => {
        while (bot.status().generation < 2) await new Promise((resolve) => setImmediate(resolve));
      })(),
    );
    await until(() => bot.status().state === 'running');
    expect(bot.status().lastError).toBeUndefined();
  });

  it('survives a restart of the cluster', async () => {
    const bot = await bots.joined();
    await bots.cluster.restart();
    await bots.withTime(bot.renew().catch(() => bot.renew()));
    expect(bot.status().generation).toBe(2);
    expect((await bot.generateIdentity({ kind: 'application', name: 'foo' })).roles).toEqual(['deployer']);
  });

  it('keeps a successor that could not be saved, and saves it before it is used', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    const write = store.write.bind(store);
    let broken = 0;
    store.write = (files) =>
      files.key !== undefined && broken++ < 2 ? Promise.reject(new Error('disk full')) : write(files);
    expect((await bots.failure(bot.renew())).message).toContain('cannot be saved, it is kept in memory: disk full');
    expect(bot.status()).toMatchObject({ generation: 1, state: 'degraded' });
    expect((await bots.failure(bot.renew())).message).toContain('disk full');
    await bot.renew();
    expect(bot.status()).toMatchObject({ generation: 2, state: 'running' });
    await bot.renew();
    expect(bot.status().generation).toBe(3);
    expect(bots.cluster.calls.list('GenerateUserCerts')).toHaveLength(2);
    expect(bots.cluster.locks).toHaveLength(0);
  });
});

describe('a store that cannot be written', () => {
  /** Makes writes of some sets fail until it is told otherwise. */
  function breakable(store: Destination, concerns: (files: FileSet) => boolean): { broken: boolean } {
    const write = store.write.bind(store);
    const state = { broken: true };
    store.write = (files) => (state.broken && concerns(files) ? Promise.reject(new Error('read-only')) : write(files));
    return state;
  }

  it('holds a renewal up before the server has counted it, until the life is nearly over', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    breakable(store, () => true);
    bots.cluster.calls.clear();
    expect((await bots.failure(bot.renew())).message).toBe('the renewal cannot be noted in the store: read-only');
    expect(bots.cluster.calls.count('GenerateUserCerts')).toBe(0);
    for (let minute = 0; minute < 52 && bot.status().generation === 1; minute++) {
      await bots.clock.advance(MINUTE);
      await until(() => bot.status().state !== 'renewing');
    }
    expect(bot.status()).toMatchObject({ generation: 2, state: 'running' });
    expect(bots.log).toContain('error going on without the store');
    expect(bots.cluster.locks).toHaveLength(0);
  });

  it('does not cost a fresh identity, whose token is used up', async () => {
    const store = await bots.directory();
    const state = breakable(store, (files) => files.key !== undefined);
    const bot = await bots.joined({ store });
    expect(bots.log).toContain('error the new identity cannot be saved');
    expect((await bot.generateIdentity({ kind: 'application', name: 'foo' })).roles).toEqual(['deployer']);
    await bots.clock.advance(1_000);
    await until(() => bot.status().state === 'degraded');
    state.broken = false;
    await bots.withTime(settled(() => bot.status().state === 'running'));
    await bot.close();
    expect((await bots.bot({ store: await bots.directory() })).status().generation).toBe(2);
  });
});

describe('a lock', () => {
  it('by a lost answer ends the bot and says what to do', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    bots.cluster.faults.next('GenerateUserCerts', 'lost');
    await bots.failure(bot.renew());
    const error = await bots.failure(bot.renew());
    expect(error.code).toBe('locked');
    expect(error.message).toContain('has locked the bot user bot-ci');
    expect(error.hint).toMatch(/tctl get locks.*targets bot-ci.*new token/s);
    expect(await bot.closed).toBe(error);
    expect(bot.status().state).toBe('locked');
    await expect(bot.generateIdentity({ kind: 'application', name: 'foo' })).rejects.toBe(error);
  });

  it('by a crash between the count and the disk ends the next start', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    const write = store.write.bind(store);
    store.write = (files) => (files.key === undefined ? write(files) : Promise.reject(new Error('killed')));
    await bots.failure(bot.renew());
    await bot.close();
    const error = await bots.failure(bots.bot({ store: await bots.directory() }));
    expect(error.code).toBe('locked');
    expect(error.hint).toContain('new token');
    await bots.clock.advance(2_000);
    const later = await bots.failure(bots.bot({ store: await bots.directory() }));
    expect(later).toMatchObject({ code: 'locked', message: expect.stringContaining('refuses every call') });
    expect(later.hint).toContain('cut off in the middle of a renewal');
    // As the hint says: the locks removed, and a new token.
    for (const lock of bots.cluster.locks) bots.cluster.unlock(lock.Metadata!.Name);
    await bots.clock.advance(2_000);
    expect((await bots.joined({ store: await bots.directory() })).status().generation).toBe(1);
  });

  it('by an administrator is noticed by a request, and can be lifted', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    const lock = bots.cluster.lock({ user: 'bot-ci', message: 'maintenance' });
    await bots.clock.advance(2_000);
    const error = await bots.failure(bot.generateIdentity({ kind: 'application', name: 'foo' }));
    expect(error.code).toBe('access_denied');
    const end = await bots.withTime(bot.closed);
    expect(end).toMatchObject({ code: 'locked', hint: expect.stringContaining('then start the agent again') });
    bots.cluster.unlock(lock);
    await bots.clock.advance(2_000);
    expect((await bots.bot({ store: await bots.directory() })).status().generation).toBe(2);
  });

  it('tells a deleted bot apart', async () => {
    const bot = await bots.joined();
    bots.cluster.deleteUser('bot-ci');
    await bots.clock.advance(2_000);
    const error = await bots.failure(bot.renew());
    expect(error).toMatchObject({
      code: 'access_denied',
      message: 'the cluster does not know the bot user bot-ci any more',
    });
    expect(await bot.closed).toBe(error);
  });
});

describe('an identity that has ended', () => {
  /** Lets the identity end while nobody answers. */
  async function letItEnd(): Promise<void> {
    for (let minute = 0; minute < 61; minute++) {
      bots.cluster.faults.next('Ping', 'unavailable');
      await bots.clock.advance(MINUTE);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('ends the bot, which says that it needs a new token', async () => {
    const bot = await bots.joined();
    await letItEnd();
    const end = await bots.withTime(bot.closed);
    expect(end).toMatchObject({ code: 'expired', hint: expect.stringContaining('new token') });
    expect(bot.status().state).toBe('expired');
  });

  it('is replaced by a join when the token file holds another token', async () => {
    const path = bots.folder.join('token');
    await writeFile(path, await bots.token(24 * 60 * MINUTE));
    const bot = await bots.bot({ onboarding: { token: path, caPins: bots.cluster.caPins } });
    const { botInstanceId } = bot.status();
    await writeFile(path, await bots.token(24 * 60 * MINUTE));
    await letItEnd();
    bots.cluster.faults.clear();
    await bots.withTime(
      settled(() => bot.status().botInstanceId !== botInstanceId && bot.status().state === 'running'),
    );
    expect(bot.status().generation).toBe(1);
    expect((await bot.generateIdentity({ kind: 'application', name: 'foo' })).roles).toEqual(['deployer']);
  });
});

describe('secrets', () => {
  it('stand in no log, error or status', async () => {
    const store = await bots.directory();
    const bot = await bots.joined({ store });
    await bot.renew();
    const identity = await bot.generateIdentity({ kind: 'application', name: 'foo' });
    await bots.failure(bot.generateIdentity({ kind: 'application', name: 'nosuch' }));
    bots.cluster.faults.next('GenerateUserCerts', 'lost');
    const errors = [await bots.failure(bot.renew()), await bots.failure(bot.renew())];
    const said = [
      bots.log,
      JSON.stringify(bot.status()),
      inspect(bot),
      ...errors.map((error) => inspect(error, { depth: 10 })),
    ].join('\n');
    expect(said).not.toContain('PRIVATE KEY');
    for (const key of [(await store.read('key'))!.toString(), identity.privateKeyPem!]) {
      for (const line of key.split('\n').filter((text) => /^[A-Za-z0-9+/=]{40,}$/.test(text)))
        expect(said).not.toContain(line);
    }
  });
});

/** Resolves when `condition` holds; to be waited for while the time goes on. */
async function settled(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
