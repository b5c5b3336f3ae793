import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE } from '../test-support/bot-in-cluster.ts';
import { visitApplication } from '../test-support/visit-application.ts';
import type { Bot } from './bot.ts';
import { generateKeyPair, type KeyPair } from './keys/key-pair.ts';

const dev = { team: 'dev' };
const DISCOVERED = 'teleport.internal/discovered-name';

let bots: BotInCluster;
let bot: Bot;
let pair: KeyPair;
beforeAll(async () => {
  pair = await generateKeyPair('ecdsa-p256');
  bots = await BotInCluster.start();
  const { cluster } = bots;
  const allow = { appLabels: dev, databaseLabels: dev, kubernetesLabels: dev, logins: ['root'] };
  cluster.upsertRole({ name: 'deployer', allow });
  cluster.addDatabase({ name: 'pg', labels: dev });
  cluster.addDatabase({ name: 'cache', protocol: 'redis', labels: dev });
  cluster.addDatabase({ name: 'docs', protocol: 'mongodb', labels: dev });
  cluster.addDatabase({ name: 'secret-pg', labels: { team: 'board' } });
  cluster.addKubernetesCluster({ name: 'k1', labels: dev });
  cluster.addKubernetesCluster({ name: 'secret-k', labels: { team: 'board' } });
  bot = await bots.joined();
  // So that a session for the role is there.
  await bot.generateIdentity({ kind: 'kubernetes', name: 'k1', keys: { tls: pair.tlsPublicKey } });
});
beforeEach(() => bots.cluster.calls.clear());
afterAll(() => bots[Symbol.asyncDispose]());

const plain = { kind: 'identity' } as const;
const pg = { kind: 'database', name: 'pg' } as const;
const k1 = { kind: 'kubernetes', name: 'k1' } as const;
/** The caller's own keys: making a pair would take longer than all the rest. */
const own = (): { keys: { tls: string; ssh: string } } => ({
  keys: { tls: pair.tlsPublicKey, ssh: pair.sshPublicKey },
});
const looked = (): number => bots.cluster.calls.count('ListResources');
const signed = (): number => bots.cluster.calls.count('GenerateUserCerts');

describe('a credential of kind identity', () => {
  it('is an SSH and an X.509 certificate for one key, by one call and without a session', async () => {
    const identity = await bot.generateIdentity(plain);
    expect(identity.tls).toMatchObject({ user: 'bot-ci', disallowReissue: true, routeToCluster: bots.cluster.name });
    for (const route of ['app', 'database', 'kubernetesCluster']) expect(identity.tls).not.toHaveProperty(route);
    expect(identity.ssh?.principals).toContain('root');
    expect(identity.route).toEqual({ cluster: bots.cluster.name, proxyAddress: bots.cluster.proxyAddress });
    expect([signed(), looked()]).toEqual([1, 0]);
  });

  it('comes with the certificates that its caller has keys for', async () => {
    const both = await bot.generateIdentity({ ...plain, ...own() });
    const ssh = await bot.generateIdentity({ ...plain, keys: { ssh: pair.sshPublicKey }, ttlMs: 5 * MINUTE });
    const tls = await bot.generateIdentity({ ...plain, keys: { tls: pair.tlsPublicKey } });
    const kinds = [both, ssh, tls].map(({ tlsCertificate, sshCertificate }) => [!!tlsCertificate, !!sshCertificate]);
    expect(kinds).toEqual([
      [true, true],
      [false, true],
      [true, false],
    ]);
    expect(ssh.ttl).toEqual({ askedMs: 5 * MINUTE, effectiveMs: 5 * MINUTE });
    expect(ssh.roles).toEqual(['deployer']);
  });
});

describe('a database’s credential', () => {
  it('names database, protocol and account, and has an RSA key', async () => {
    const identity = await bot.generateIdentity({ ...pg, username: 'svc', database: 'main' });
    expect(identity.tls.database).toMatchObject({ service: 'pg', protocol: 'postgres', user: 'svc', name: 'main' });
    expect(identity.route?.database).toEqual({ name: 'pg', protocol: 'postgres', username: 'svc', database: 'main' });
    expect(identity.privateKey?.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 });
    const open = await bot.generateIdentity({ ...pg, ...own() });
    expect(open.tls.database).toEqual({ service: 'pg', protocol: 'postgres', roles: [] });
    expect(open.route?.database).toEqual({ name: 'pg', protocol: 'postgres' });
  });

  it('is for the account that its protocol asks for', async () => {
    const redis = await bot.generateIdentity({ ...pg, ...own(), name: 'cache' });
    expect([redis.tls.database?.user, redis.route?.database?.username]).toEqual(['default', 'default']);
    const mongo = await bots.failure(bot.generateIdentity({ ...pg, ...own(), name: 'docs' }));
    expect(mongo).toMatchObject({ code: 'bad_parameter', message: 'the MongoDB database "docs" needs a username' });
    const named = await bot.generateIdentity({ ...pg, ...own(), name: 'docs', username: 'svc' });
    expect(named.tls.database?.user).toBe('svc');
    for (const account of [{ username: 'a\ud800' }, { database: 'a\0b' }]) {
      expect((await bots.failure(bot.generateIdentity({ ...pg, ...account }))).code).toBe('bad_parameter');
    }
  });

  it('costs one call when warm, and follows a database that changes or goes', async () => {
    const request = { ...pg, ...own() };
    await bots.clock.advance(1_001);
    await bot.generateIdentity(request);
    bots.cluster.calls.clear();
    for (let i = 0; i < 3; i++) await bot.generateIdentity({ ...request, username: `user${i}` });
    expect([signed(), looked()]).toEqual([3, 0]);
    bots.cluster.addDatabase({ name: 'pg', protocol: 'cockroachdb', labels: dev });
    await bots.clock.advance(1_001);
    expect((await bot.generateIdentity(request)).route?.database?.protocol).toBe('cockroachdb');
    bots.cluster.removeDatabase('pg');
    await bots.clock.advance(1_001);
    expect((await bots.failure(bot.generateIdentity(request))).code).toBe('not_found');
    bots.cluster.addDatabase({ name: 'pg', labels: dev });
  });
});

describe('a Kubernetes cluster’s credential', () => {
  it('names the cluster', async () => {
    const identity = await bot.generateIdentity(k1);
    expect(identity.tls.kubernetesCluster).toBe('k1');
    expect(identity.route?.kubernetes).toEqual({ name: 'k1' });
    expect(identity.privateKey?.asymmetricKeyType).toBe('ec');
  });

  it('is refused as not found for one that has just left, which is then looked up again', async () => {
    await bots.clock.advance(1_001);
    await bot.generateIdentity(k1);
    bots.cluster.faults.next('GenerateUserCerts', { code: 3, message: 'Kubernetes cluster "k1" is not registered' });
    const gone = await bots.failure(bot.generateIdentity(k1));
    expect(gone).toMatchObject({ code: 'not_found', message: expect.stringContaining('"k1" has just left') });
    bots.cluster.calls.clear();
    await bot.generateIdentity(k1);
    expect(looked()).toBe(1);
  });
});

describe('names', () => {
  it('that do not exist and that the roles may not see look the same', async () => {
    const what = { database: 'database', kubernetes: 'Kubernetes cluster' };
    for (const [kind, hidden] of [
      ['database', 'secret-pg'],
      ['kubernetes', 'secret-k'],
    ] as const) {
      for (const name of ['nosuch', hidden]) {
        const error = await bots.failure(bot.generateIdentity({ kind, name, ...own() }));
        expect(error.message).toBe(
          `there is no ${what[kind]} "${name}" in cluster ${bots.cluster.name} that the roles "deployer" may see`,
        );
        expect(error.code).toBe('not_found');
      }
    }
    expect(signed()).toBe(0);
  });

  it('of the discovery stand for the one resource that was discovered so, unless one is called so', async () => {
    const { cluster } = bots;
    const found = { ...dev, [DISCOVERED]: 'orders' };
    cluster.addDatabase({ name: 'orders-rds-eu', labels: found });
    cluster.addKubernetesCluster({ name: 'orders-eks-eu', labels: found });
    const database = await bot.generateIdentity({ ...pg, ...own(), name: 'orders' });
    expect([database.tls.database?.service, database.route?.database?.name]).toEqual(Array(2).fill('orders-rds-eu'));
    const kubernetes = await bot.generateIdentity({ ...k1, ...own(), name: 'orders' });
    expect(kubernetes.tls.kubernetesCluster).toBe('orders-eks-eu');
    // An application has no such name.
    await cluster.addApplication({ name: 'orders-app', labels: found });
    expect((await bots.failure(bot.generateIdentity({ kind: 'application', name: 'orders' }))).code).toBe('not_found');

    // What the roles may not see makes nothing ambiguous; more than a page of what they may see does.
    cluster.addDatabase({ name: 'orders-rds-us', labels: { ...found, team: 'board' } });
    await bots.clock.advance(1_001);
    await bot.generateIdentity({ ...pg, ...own(), name: 'orders' });
    for (let i = 0; i < 30; i++) cluster.addDatabase({ name: `more-${i}`, labels: found });
    await bots.clock.advance(1_001);
    const ambiguous = await bots.failure(bot.generateIdentity({ ...pg, ...own(), name: 'orders' }));
    expect(ambiguous).toMatchObject({
      code: 'bad_parameter',
      message: `31 databases in cluster ${cluster.name} were discovered as "orders"`,
    });
    cluster.addDatabase({ name: 'orders', protocol: 'mysql', labels: dev });
    const exact = await bot.generateIdentity({ ...pg, ...own(), name: 'orders' });
    expect(exact.route?.database).toEqual({ name: 'orders', protocol: 'mysql' });
    for (const name of [...Array(30).keys()].map((i) => `more-${i}`)) cluster.removeDatabase(name);
    for (const name of ['orders', 'orders-rds-eu', 'orders-rds-us']) cluster.removeDatabase(name);
    cluster.removeKubernetesCluster('orders-eks-eu');
    cluster.removeApplication('orders-app');
  });

  it('that stand for another are asked about before anything is signed', async () => {
    bots.cluster.addDatabase({ name: 'prod-orders', labels: { ...dev, [DISCOVERED]: 'dev-orders' } });
    const asked: string[] = [];
    const admitsName = (name: string): boolean => {
      asked.push(name);
      return name.startsWith('dev-');
    };
    const request = { ...pg, ...own(), name: 'dev-orders', admitsName };
    const error = await bots.failure(bot.generateIdentity(request));
    expect(error.code).toBe('access_denied');
    expect(`${error.message} ${error.hint}`).not.toContain('prod');
    expect([asked, signed()]).toEqual([['prod-orders'], 0]);
    const full = await bot.generateIdentity({ ...request, name: 'prod-orders' });
    expect([full.route?.database?.name, asked.length]).toEqual(['prod-orders', 1]);
    bots.cluster.removeDatabase('prod-orders');
  });
});

describe('a confined credential', () => {
  it.each([
    [{ kind: 'application', name: 'foo' }, 'usage:apps'],
    [pg, 'usage:db'],
    [k1, 'usage:kube'],
  ] as const)('of %o is good for %s alone and has no SSH certificate', async (request, usage) => {
    const identity = await bot.generateIdentity({ ...request, ...own(), confined: true });
    expect([identity.tls.usage, identity.sshCertificate]).toEqual([[usage], undefined]);
    const wide = await bot.generateIdentity({ ...request, ...own() });
    expect([wide.tls.usage, wide.sshCertificate !== undefined]).toEqual([[], true]);
  });

  it('opens its application', async () => {
    const identity = await bot.generateIdentity({ kind: 'application', name: 'foo', confined: true });
    expect(await visitApplication(identity, bots.cluster.proxyAddress, bots.cluster.webCaPem)).toMatchObject({
      status: 200,
    });
  });

  it('needs a TLS key, as all that leads somewhere', async () => {
    for (const request of [{ kind: 'application', name: 'foo' }, pg, k1] as const) {
      const error = await bots.failure(bot.generateIdentity({ ...request, keys: { ssh: pair.sshPublicKey } }));
      expect(error).toMatchObject({
        code: 'bad_parameter',
        message: expect.stringContaining('needs a TLS public key'),
      });
    }
    expect(signed()).toBe(0);
  });
});

describe('refusals', () => {
  it('say what is wrong: a role that is gone, a lock, a kind that there is not', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'ghost'] });
    const ghost = await bots.failure(bot.generateIdentity({ ...plain, roles: ['ghost'], ...own() }));
    expect(ghost).toMatchObject({ code: 'not_found', message: expect.stringContaining('the role "ghost"') });
    bots.cluster.lock({ role: 'deployer', message: 'maintenance' });
    const locked = await bots.failure(bot.generateIdentity({ ...plain, roles: ['deployer'], ...own() }));
    expect(locked).toMatchObject({ code: 'locked', message: expect.stringContaining('maintenance') });
    const strange = await bots.failure(bot.generateIdentity({ kind: 'desktop', name: 'x' } as never));
    expect(strange).toMatchObject({
      code: 'bad_parameter',
      hint: 'supported kinds: identity, application, database, kubernetes',
    });
  });
});
