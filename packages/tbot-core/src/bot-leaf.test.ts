import type { DevCluster } from '@teleport-ts/dev-cluster';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BotInCluster } from '../test-support/bot-in-cluster.ts';
import { visitApplication } from '../test-support/visit-application.ts';
import type { Bot } from './bot.ts';
import { generateKeyPair } from './keys/key-pair.ts';

const far = { kind: 'application', name: 'far', cluster: 'leaf.test' } as const;

describe('a leaf cluster', () => {
  let bots: BotInCluster;
  let bot: Bot;
  let leaf: DevCluster;

  beforeAll(async () => {
    const leaves = [{ name: 'leaf.test', roleMap: { deployer: ['guest'] } }];
    bots = await BotInCluster.start({ name: 'root.test', leaves });
    leaf = bots.cluster.leaf('leaf.test');
    const dev = { team: 'dev' };
    leaf.upsertRole({ name: 'guest', allow: { appLabels: dev, databaseLabels: dev, kubernetesLabels: dev } });
    leaf.addDatabase({ name: 'far-pg', labels: dev });
    leaf.addKubernetesCluster({ name: 'far-k1', labels: dev });
    await leaf.addApplication({ name: 'far', labels: { team: 'dev' } });
    await leaf.addApplication({ name: 'board', labels: { team: 'board' } });
    bot = await bots.joined({ proxyServer: bots.cluster.proxyAddress });
  });
  afterAll(() => bots[Symbol.asyncDispose]());

  it('is among what the bot may ask for', async () => {
    expect((await bot.describe()).clusters).toEqual(['root.test', 'leaf.test']);
  });

  it('has applications that a credential of the root opens at the root’s proxy', async () => {
    const identity = await bot.generateIdentity(far);
    expect(identity.route).toMatchObject({
      cluster: 'leaf.test',
      proxyAddress: bots.cluster.proxyAddress,
      application: { name: 'far', publicAddress: 'far.localhost' },
    });
    expect(identity.tls?.app).toMatchObject({ name: 'far', publicAddr: 'far.localhost', clusterName: 'leaf.test' });
    const hosts = identity.authorities.filter(({ type }) => type === 'host').map(({ cluster }) => cluster);
    expect(hosts.sort()).toEqual(['leaf.test', 'root.test']);
    const { status, body } = await visitApplication(identity, bots.cluster.proxyAddress, bots.cluster.webCaPem);
    expect([status, JSON.parse(body).caller]).toEqual([200, { user: 'remote-bot-ci-root.test', roles: ['guest'] }]);
  });

  it('has databases and Kubernetes clusters, and takes a credential that leads to nothing in particular', async () => {
    const { tlsPublicKey: tls, sshPublicKey: ssh } = await generateKeyPair('ecdsa-p256');
    const leafIs = { cluster: 'leaf.test', keys: { tls, ssh } } as const;
    const database = await bot.generateIdentity({ kind: 'database', name: 'far-pg', ...leafIs, confined: true });
    expect(database.tls).toMatchObject({ routeToCluster: 'leaf.test', database: { service: 'far-pg' } });
    const kubernetes = await bot.generateIdentity({ kind: 'kubernetes', name: 'far-k1', ...leafIs });
    expect(kubernetes.tls).toMatchObject({ routeToCluster: 'leaf.test', kubernetesCluster: 'far-k1' });
    const plain = await bot.generateIdentity({ kind: 'identity', ...leafIs });
    expect([plain.tls.routeToCluster, plain.route?.cluster]).toEqual(['leaf.test', 'leaf.test']);
    expect(plain.sshCertificate).toBeDefined();
    const here = await bots.failure(bot.generateIdentity({ kind: 'database', name: 'far-pg' }));
    expect(here.message).toContain('in cluster root.test');
  });

  it('is asked for the route, and the root for the certificate', async () => {
    await bot.generateIdentity(far);
    leaf.calls.clear();
    bots.cluster.calls.clear();
    await bots.clock.advance(2_000);
    await bot.generateIdentity(far);
    expect([leaf.calls.count('ListResources'), bots.cluster.calls.count('ListResources')]).toEqual([1, 0]);
    expect([leaf.calls.count('GenerateUserCerts'), bots.cluster.calls.count('GenerateUserCerts')]).toEqual([0, 1]);
  });

  it('tells of an application that moves, without a moment going by', async () => {
    await bot.generateIdentity(far);
    await leaf.addApplication({ name: 'far', labels: { team: 'dev' }, publicAddr: 'moved.localhost' });
    await vi.waitFor(async () => {
      expect((await bot.generateIdentity(far)).tls.app?.publicAddr).toBe('moved.localhost');
    });
    await leaf.addApplication({ name: 'far', labels: { team: 'dev' } });
    await bots.clock.advance(1_001);
  });

  it('keeps its applications apart from those of the root, and from who may not see them', async () => {
    const cases = [
      { ...far, name: 'board' },
      { ...far, name: 'foo' },
      { kind: 'application', name: 'far' },
      { ...far, cluster: 'nosuch.test' },
    ] as const;
    for (const request of cases) {
      expect((await bots.failure(bot.generateIdentity(request))).code, JSON.stringify(request)).toBe('not_found');
    }
  });

  it('denies roles that it does not map', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    const other = await bots.joined({ proxyServer: bots.cluster.proxyAddress });
    const refused = await bots.failure(other.generateIdentity({ ...far, roles: ['admin'] }));
    expect(refused.code).toBe('access_denied');
    const both = await other.generateIdentity({ ...far, roles: ['deployer', 'admin'] });
    expect(new Set(both.roles)).toEqual(new Set(['deployer', 'admin']));
  });

  it('is not there for roles that may not reach it', async () => {
    bots.cluster.upsertRole({ name: 'homebody', deny: { clusterLabels: { '*': '*' } } });
    await bots.cluster.upsertBot({ name: 'ci', roles: ['homebody'] });
    const other = await bots.joined({ proxyServer: bots.cluster.proxyAddress });
    const error = await bots.failure(other.generateIdentity({ kind: 'identity', cluster: 'leaf.test' }));
    expect(error).toMatchObject({
      code: 'not_found',
      message: 'there is no cluster "leaf.test" that the roles "homebody" may reach',
    });
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  });

  it('that cannot be reached fails as unreachable, and works again afterwards', async () => {
    leaf.partition();
    const fresh = await bots.joined({ proxyServer: bots.cluster.proxyAddress });
    const failed = await bots.failure(fresh.generateIdentity(far));
    expect(failed).toMatchObject({ code: 'connection_problem', retryable: true });
    leaf.heal();
    expect((await fresh.generateIdentity(far)).route?.cluster).toBe('leaf.test');
  });

  it('is reached through the proxy that the cluster names, when the bot calls an auth service', async () => {
    const direct = await bots.joined();
    expect(direct.status().address).toBe(bots.cluster.authAddress);
    expect((await direct.generateIdentity(far)).route).toMatchObject({ cluster: 'leaf.test' });
  });
});
