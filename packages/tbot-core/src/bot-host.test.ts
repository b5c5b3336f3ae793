import { getCurrentUserRoles } from '@teleport-ts/api-client/roles';
import { getCurrentUser } from '@teleport-ts/api-client/users';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BotInCluster, until } from '../test-support/bot-in-cluster.ts';
import { destinationHostContract } from '../test-support/destination-host-contract.ts';
import type { Bot } from './bot.ts';
import { generateKeyPair } from './keys/key-pair.ts';

const dev = { team: 'dev' };

destinationHostContract('Bot', async () => {
  const bots = await BotInCluster.start();
  const { cluster } = bots;
  const allow = { appLabels: dev, databaseLabels: dev, kubernetesLabels: dev };
  cluster.upsertRole({ name: 'deployer', allow });
  cluster.addDatabase({ name: 'orders', labels: dev });
  cluster.addKubernetesCluster({ name: 'prod', labels: dev });
  await cluster.upsertBot({ name: 'another', roles: ['deployer'] });
  const host = await bots.joined();
  await until(() => host.status().authorityWatch.state === 'healthy');
  return {
    host,
    another: async () =>
      await bots.joined({
        onboarding: { token: await cluster.createToken({ botName: 'another' }), caPins: cluster.caPins },
      }),
    cluster: cluster.name,
    role: 'deployer',
    names: { application: 'foo', database: 'orders', kubernetes: 'prod' },
    rotate: async (phase) => await cluster.rotate('user', phase),
    withTime: (work) => bots.withTime(work),
    [Symbol.asyncDispose]: () => bots[Symbol.asyncDispose](),
  };
});

describe('clientForIdentity of a bot', () => {
  let bots: BotInCluster;
  let bot: Bot;

  beforeAll(async () => {
    const leaves = [{ name: 'leaf.test', roleMap: { deployer: ['guest'] } }];
    bots = await BotInCluster.start({ name: 'root.test', leaves });
    bots.cluster.leaf('leaf.test').upsertRole({ name: 'guest', allow: { appLabels: dev } });
    bot = await bots.joined({ proxyServer: bots.cluster.proxyAddress });
  });
  afterAll(() => bots[Symbol.asyncDispose]());

  it('is a client in the name of the identity, with its roles alone', async () => {
    const identity = await bot.generateIdentity({ kind: 'identity' });
    await using client = await bot.clientForIdentity(identity);
    expect(client.server.clusterName).toBe('root.test');
    expect((await getCurrentUser(client)).name).toBe('bot-ci');
    const roles: string[] = [];
    for await (const { name } of getCurrentUserRoles(client)) roles.push(name);
    expect(roles).toEqual(['deployer']);
  });

  it('is a client of the leaf that the identity is for', async () => {
    const identity = await bot.generateIdentity({ kind: 'identity', cluster: 'leaf.test' });
    await using client = await bot.clientForIdentity(identity);
    expect(client.server.clusterName).toBe('leaf.test');
    expect(await getCurrentUser(client)).toMatchObject({ name: 'remote-bot-ci-root.test', roles: ['guest'] });
  });

  it('needs the private key and an X.509 certificate', async () => {
    const { tlsPublicKey: tls, sshPublicKey: ssh } = await generateKeyPair('ecdsa-p256');
    const without = await bot.generateIdentity({ kind: 'identity', keys: { tls } });
    expect(await bots.failure(bot.clientForIdentity(without))).toMatchObject({
      code: 'bad_parameter',
      message: expect.stringContaining('private key'),
    });
    const sshOnly = await bot.generateIdentity({ kind: 'identity', keys: { ssh } });
    expect((await bots.failure(bot.clientForIdentity(sshOnly))).message).toContain('no X.509 certificate');
  });
});
