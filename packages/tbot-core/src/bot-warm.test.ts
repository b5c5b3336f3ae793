import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE, until } from '../test-support/bot-in-cluster.ts';
import type { Bot } from './bot.ts';
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
const methods = (): string[] => bots.cluster.calls.list().map(({ method }) => method);

describe('a warm credential', () => {
  it('costs one call, and one look beside it when the last look is older than a second, for as long as it goes on', async () => {
    await bot.generateIdentity(foo);
    for (let round = 0; round < 4; round++) {
      await bots.clock.advance(MINUTE / 2 + 1_000);
      bots.cluster.calls.clear();
      await bot.generateIdentity(foo);
      await bot.generateIdentity(foo);
      const waitedFor = methods().filter((method) => method !== 'GetRole');
      expect(waitedFor.sort()).toEqual(['GenerateUserCerts', 'GenerateUserCerts', 'ListResources']);
    }
  });

  it('waits for no poll of the bot’s role', async () => {
    await bot.generateIdentity(foo);
    bots.cluster.faults.next('GetRole', { delayMs: 10_000 });
    await bots.clock.advance(31_000);
    await until(() => bots.cluster.faults.waiting('GetRole') === 0);
    expect((await bot.generateIdentity(foo)).roles).toEqual(['deployer']);
    await bots.clock.advance(10_000);
  });

  it('needs one session for each set of roles, however many ask at once', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    const sets = [['deployer'], ['deployer', 'admin'], ['admin', 'deployer']];
    bots.cluster.calls.clear();
    const burst = sets.flatMap((roles) => Array.from({ length: 4 }, () => bot.generateIdentity({ ...foo, roles })));
    await Promise.all(burst);
    expect(bots.cluster.calls.count('GenerateUserCerts')).toBe(burst.length + 2);
    expect(bot.status().warmSessions).toBe(2);
  });
});

describe('a session', () => {
  it('is let go when it is old, whether or not anybody asks', async () => {
    await bot.generateIdentity(foo);
    expect(bot.status().warmSessions).toBe(1);
    await bots.clock.advance(41 * MINUTE);
    expect(bot.status().warmSessions).toBe(0);
    await until(() => bots.cluster.calls.count('WatchEvents') >= 1);
    expect((await bot.generateIdentity(foo)).roles).toEqual(['deployer']);
  });

  it('is let go when a poll shows that the bot has lost its role, and the others stay', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    await bot.generateIdentity({ ...foo, roles: ['deployer'] });
    await bot.generateIdentity({ ...foo, roles: ['admin'] });
    expect(bot.status().warmSessions).toBe(2);
    await bots.cluster.upsertBot({ name: 'ci', roles: ['admin'] });
    await bots.clock.advance(31_000);
    await until(() => bot.status().warmSessions === 1);
    bots.cluster.calls.clear();
    await bot.generateIdentity({ ...foo, roles: ['admin'] });
    expect(bots.cluster.calls.count('GenerateUserCerts')).toBe(1);
  });

  it('that was chosen for want of a word is chosen anew when its role was taken from the bot', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    expect([...(await bot.generateIdentity(foo)).roles].sort()).toEqual(['admin', 'deployer']);
    await bots.cluster.upsertBot({ name: 'ci', roles: ['admin'] });
    expect((await bot.generateIdentity(foo)).roles).toEqual(['admin']);
    await bots.cluster.upsertBot({ name: 'ci', roles: [] });
    expect((await bots.failure(bot.generateIdentity(foo))).code).toBe('access_denied');
  });

  it('leaves nothing behind when the bot is closed', async () => {
    const clock = new FakeClock(bots.clock.now());
    const other = await bots.joined({ clock });
    await until(() => other.status().authorityWatch.state === 'healthy');
    await other.generateIdentity(foo);
    await other.close();
    await until(() => bots.cluster.calls.count('WatchEvents') === 2);
    expect(clock.timers).toBe(0);
  });
});

describe('an application', () => {
  /** Asks all the time, from several callers, until it is told to stop. */
  function load(callers: number) {
    const answers: { at: number; address?: string | undefined; code?: string | undefined }[] = [];
    let going = true;
    const note = async (work: Promise<Identity>): Promise<void> => {
      const answer = await work.then(
        ({ route }) => ({ address: route?.application?.publicAddress }),
        (error: { code: string }) => ({ code: error.code }),
      );
      answers.push({ at: bots.clock.now(), ...answer });
    };
    const loops = Array.from({ length: callers }, async () => {
      while (going) await note(bot.generateIdentity(foo));
    });
    return {
      answers,
      stop: async () => {
        going = false;
        await Promise.all(loops);
      },
    };
  }

  it('that moves is followed at once, by its event, under load', async () => {
    await bot.generateIdentity(foo);
    const { answers, stop } = load(8);
    for (const publicAddr of ['a.localhost', 'b.localhost', 'c.localhost']) {
      await bots.cluster.addApplication({ name: 'foo', labels: { team: 'dev' }, publicAddr });
      const from = answers.length;
      // Not a moment of the cluster's time has passed: it is the event that tells.
      await until(() => answers.slice(from).filter(({ address }) => address === publicAddr).length > 20);
      const to = answers.length;
      const late = answers.slice(from, to).findLastIndex(({ address }) => address !== publicAddr);
      expect(late).toBeLessThan(to - from - 10);
    }
    await stop();
    expect(answers.filter(({ code }) => code !== undefined)).toEqual([]);
  });

  it('that leaves the roles’ reach is refused within a second of the cluster’s time, event or none, and comes back', async () => {
    await bot.generateIdentity(foo);
    const { answers, stop } = load(4);
    // A change of the role makes no event that its holders may see.
    bots.cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'nobody' } } });
    const changedAt = bots.clock.now();
    await until(() => answers.length > 20);
    await bots.clock.advance(1_001);
    await until(() => answers.some(({ at, code }) => at > changedAt + 1_000 && code === 'not_found'));
    const from = answers.length;
    await until(() => answers.length > from + 20);
    expect(new Set(answers.slice(from + 4).map(({ code }) => code))).toEqual(new Set(['not_found']));
    bots.cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } } });
    await until(() => answers.at(-1)?.address === 'foo.localhost');
    await stop();
  });
});
