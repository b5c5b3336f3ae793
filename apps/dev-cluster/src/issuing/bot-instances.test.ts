import type { BotInstance } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance';
import { BotInstanceServiceDefinition as Instances } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { JoinServiceDefinition as Join } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { anonymousClient, userClient, WireBot } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';

let cluster: DevCluster;
let clock: FakeClock;
let admin: WireClient;

beforeEach(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ clock });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  cluster.upsertRole({ name: 'viewer' });
  await cluster.upsertBot({ name: 'ci', roles: ['viewer'] });
  admin = await userClient(cluster, 'alice');
});

afterEach(async () => {
  admin.close();
  await cluster.stop();
});

const join = async (): Promise<WireBot> => WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
const impersonate = { UseRoleRequests: true, RoleRequests: ['viewer'] };
const instances = async (): Promise<BotInstance[]> =>
  (await admin.call(Instances, 'listBotInstances', { filterBotName: 'ci' })).botInstances;

describe('a token', () => {
  it('is good for one join', async () => {
    const token = await cluster.createToken({ botName: 'ci' });
    using bot = await WireBot.join(cluster, token);
    expect(bot.own.identity).toMatchObject({ renewable: true, generation: 1, botName: 'ci', roles: ['bot-ci'] });
    expect((await wireStatus(WireBot.join(cluster, token))).details).toMatch(/token expired or not found$/);
  });

  it('is good until it expires', async () => {
    const token = await cluster.createToken({ botName: 'ci', expiresInMs: 1000 });
    await clock.advance(1000);
    expect((await wireStatus(WireBot.join(cluster, token))).details).toMatch(/token expired or not found$/);
  });

  it('is not used up by a join that a lock refuses', async () => {
    const token = await cluster.createToken({ botName: 'ci' });
    const lock = cluster.lock({ user: 'bot-ci', message: 'stolen' });
    expect(await wireStatus(WireBot.join(cluster, token))).toEqual({
      code: 7,
      details: 'lock targeting User:"bot-ci" is in force: stolen',
    });
    cluster.unlock(lock);
    (await WireBot.join(cluster, token)).client.close();
  });

  it('is looked at before the keys are', async () => {
    using client = anonymousClient(cluster);
    const request = { Token: 'nope', Role: 'Bot', NodeName: 'n' };
    expect((await wireStatus(client.call(Join, 'registerUsingToken', request))).code).toBe(7);
    expect(await wireStatus(client.call(Join, 'registerUsingToken', { ...request, Token: '' }))).toEqual({
      code: 3,
      details: 'missing parameter Token',
    });
  });
});

describe('renewal', () => {
  it('counts the generation and keeps a history', async () => {
    let bot = await join();
    for (const generation of [2, 3, 4]) {
      const next = await bot.issue();
      expect(next.identity).toMatchObject({ generation, renewable: true });
      expect(next.identity.botInstanceId).toBe(bot.own.identity.botInstanceId);
      bot.client.close();
      bot = bot.as(next);
    }
    bot.client.close();
    const [instance] = await instances();
    expect(instance?.status?.latestAuthentications.map(({ generation }) => generation)).toEqual([1, 2, 3, 4]);
    expect(instance?.status?.initialAuthentication?.joinToken).toMatch(/^\*{24}[0-9a-f]{8}$/);
  });

  it('is counted before the answer is out: a lost answer makes the next one a mismatch', async () => {
    using bot = await join();
    cluster.faults.next('GenerateUserCerts', 'lost');
    expect((await wireStatus(bot.issue())).code).toBe(14);
    expect((await wireStatus(bot.issue())).details).toMatch(/stored=2, presented=1$/);
  });

  it('is counted even when the call fails afterwards, and not when it fails before', async () => {
    using bot = await join();
    expect((await wireStatus(bot.issue({ Expires: undefined }))).code).toBe(7);
    expect((await wireStatus(bot.issue({ RouteToCluster: 'nope' }))).code).toBe(5);
    expect((await wireStatus(bot.issue())).details).toMatch(/stored=2, presented=1$/);
  });

  it('locks the bot on a mismatch, once more each time, until all locks are gone', async () => {
    using stale = await join();
    using good = stale.as(await stale.issue());
    using output = stale.as(await good.issue(impersonate));
    expect((await wireStatus(stale.issue())).code).toBe(7);
    expect(cluster.locks.map(({ Spec }) => Spec)).toMatchObject([
      {
        Target: { User: 'bot-ci' },
        Message:
          'The bot user "bot-ci" has been locked due to a certificate generation mismatch, possibly indicating a stolen certificate.',
        Expires: undefined,
        CreatedBy: '',
      },
    ]);
    for (const { client } of [stale, good, output]) {
      expect(await wireStatus(client.call(Auth, 'ping', {}))).toEqual({ code: 7, details: 'access denied' });
    }
    for (const { Metadata } of cluster.locks) cluster.unlock(Metadata?.Name ?? '');
    expect((await good.issue()).identity.generation).toBe(3);
    await output.client.call(Auth, 'ping', {});
  });

  it('by two at the same time: one wins, the other locks the bot', async () => {
    using bot = await join();
    const results = await Promise.allSettled([bot.issue(), bot.issue()]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(cluster.locks).toHaveLength(1);
  });

  it('with the record gone goes by the highest generation of any instance', async () => {
    using first = await join();
    using second = first.as(await first.issue());
    using other = await join();
    for (const { spec } of await instances()) {
      await admin.call(Instances, 'deleteBotInstance', { botName: 'ci', instanceId: spec?.instanceId ?? '' });
    }
    const renewed = await second.issue();
    expect(renewed.identity.generation).toBe(3);
    expect(renewed.identity.botInstanceId).not.toBe(second.own.identity.botInstanceId);
    expect(await wireStatus(other.issue())).toEqual({
      code: 7,
      details: 'renewable cert generation mismatch: stored=3, presented=1',
    });
  });

  it('does not concern impersonation', async () => {
    using stale = await join();
    await stale.issue();
    expect((await stale.issue(impersonate)).identity.roles).toEqual(['viewer']);
  });
});

describe('an instance', () => {
  it('keeps the first and the last ten heartbeats, from output certificates too', async () => {
    using bot = await join();
    using output = bot.as(await bot.issue(impersonate));
    for (let i = 0; i < 12; i++) {
      await output.client.call(Instances, 'submitHeartbeat', { heartbeat: { hostname: `h${i}`, isStartup: i === 0 } });
    }
    const [instance] = await instances();
    expect(instance?.status?.initialHeartbeat?.hostname).toBe('h0');
    expect(instance?.status?.latestHeartbeats.map(({ hostname }) => hostname)).toEqual(
      Array.from({ length: 10 }, (_, i) => `h${i + 2}`),
    );
  });

  it('takes no heartbeat from a user', async () => {
    expect((await wireStatus(admin.call(Instances, 'submitHeartbeat', { heartbeat: {} }))).code).toBe(7);
  });

  it('is forgotten five minutes after its certificate', async () => {
    using _bot = await join();
    await clock.advance(64 * 60_000);
    expect(await instances()).toHaveLength(1);
    await clock.advance(60_000);
    expect(await instances()).toHaveLength(0);
  });
});

describe('a bot that is deleted', () => {
  it('is told so on every call', async () => {
    using bot = await join();
    cluster.deleteUser('bot-ci');
    expect(await wireStatus(bot.client.call(Auth, 'ping', {}))).toEqual({
      code: 5,
      details: 'access denied\n\t"user" "bot-ci" does not exist',
    });
  });
});
