import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE, until } from '../test-support/bot-in-cluster.ts';
import { visitApplication } from '../test-support/visit-application.ts';
import type { Bot } from './bot.ts';
import { generateKeyPair } from './keys/key-pair.ts';

let bots: BotInCluster;
let bot: Bot;
beforeAll(async () => {
  bots = await BotInCluster.start();
});
beforeEach(async () => {
  await bots.restore();
  bot = await bots.joined();
});
afterAll(async () => {
  await bots[Symbol.asyncDispose]();
});

const foo = { kind: 'application', name: 'foo' } as const;
const signed = (): number => bots.cluster.calls.count('GenerateUserCerts');
const looked = (): number => bots.cluster.calls.count('ListResources');

describe('an application’s credential', () => {
  it('says what it is and opens the application', async () => {
    const identity = await bot.generateIdentity(foo);
    expect(identity.tls).toMatchObject({
      user: 'bot-ci',
      impersonator: 'bot-ci',
      disallowReissue: true,
      renewable: false,
      app: { name: 'foo', publicAddr: 'foo.localhost', clusterName: bots.cluster.name },
    });
    expect(identity).toMatchObject({
      roles: ['deployer'],
      ttl: { askedMs: 60 * MINUTE, effectiveMs: 60 * MINUTE },
      route: {
        cluster: bots.cluster.name,
        proxyAddress: bots.cluster.proxyAddress,
        application: { name: 'foo', publicAddress: 'foo.localhost' },
      },
    });
    expect(identity.ttl.cutBy).toBeUndefined();
    expect(identity.privateKey?.asymmetricKeyType).toBe('ec');
    expect(identity.sshCertificate).toContain('ecdsa-sha2-nistp256-cert-v01@openssh.com ');
    expect(new Set(identity.authorities.map(({ type }) => type))).toEqual(new Set(['host', 'user', 'db']));
    expect(identity.refreshAt.getTime()).toBeLessThan(identity.expires.getTime() - 15 * MINUTE);
    const { status, body } = await visitApplication(identity, bots.cluster.proxyAddress, bots.cluster.webCaPem);
    expect([status, body]).toEqual([200, expect.stringContaining('bot-ci')]);
  });

  it('carries the caller’s own keys, whose private half stays with it', async () => {
    const pair = await generateKeyPair('ecdsa-p256');
    const both = await bot.generateIdentity({ ...foo, keys: { tls: pair.tlsPublicKey, ssh: pair.sshPublicKey } });
    expect(both.privateKey).toBeUndefined();
    expect(both.tlsCertificate).toBeDefined();
    expect(both.sshCertificate).toBeDefined();
    const tlsOnly = await bot.generateIdentity({ ...foo, keys: { tls: pair.tlsPublicKey } });
    expect(tlsOnly.sshCertificate).toBeUndefined();
    const rsa = await generateKeyPair('rsa2048');
    const spki = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' }) as string;
    expect((await bot.generateIdentity({ ...foo, keys: { tls: spki } })).tlsCertificate).toBeDefined();
  });

  it('is refused for keys that are none', async () => {
    const { privateKey } = await generateKeyPair('ed25519');
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const cases = [{ tls: 'x' }, { ssh: 'ssh-rsa x' }, { tls: secret }];
    for (const keys of cases) {
      const error = await bots.failure(bot.generateIdentity({ ...foo, keys }));
      expect(error.code).toBe('bad_parameter');
      expect(error.message).not.toContain(secret.split('\n')[1]);
    }
  });
});

describe('lifetime', () => {
  it('is the asked one, and is cut by a role', async () => {
    const short = await bot.generateIdentity({ ...foo, ttlMs: MINUTE });
    expect(short.ttl).toEqual({ askedMs: MINUTE, effectiveMs: MINUTE });
    expect(short.expires.getTime() - bots.clock.now()).toBeLessThanOrEqual(MINUTE);
    bots.cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } }, maxSessionTtlMs: 10 * MINUTE });
    const cut = await bot.generateIdentity({ ...foo, ttlMs: 30 * MINUTE });
    expect(cut.ttl).toEqual({ askedMs: 30 * MINUTE, effectiveMs: 10 * MINUTE, cutBy: 'max_session_ttl of a role' });
  });

  it('below a minute is refused', async () => {
    for (const ttlMs of [0, -1, 59_999, Number.NaN]) {
      expect((await bots.failure(bot.generateIdentity({ ...foo, ttlMs }))).code).toBe('bad_parameter');
    }
    expect(signed()).toBe(0);
  });
});

describe('roles', () => {
  it('that the bot may not impersonate are named, the others not', async () => {
    for (const roles of [['admin'], ['deployer', 'admin'], ['deployer', 'nosuch', 'admin']]) {
      const error = await bots.failure(bot.generateIdentity({ ...foo, roles }));
      expect(error).toMatchObject({
        code: 'access_denied',
        offendingRoles: roles.filter((role) => role !== 'deployer'),
      });
      expect(error.message).not.toContain('deployer');
      expect(error.hint).toBe('it may impersonate: deployer');
    }
    expect(signed()).toBe(0);
  });

  it('are all that the bot may impersonate by default, and follow the bot', async () => {
    expect((await bot.generateIdentity(foo)).roles).toEqual(['deployer']);
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    expect((await bot.generateIdentity({ ...foo, name: 'secret', roles: ['admin'] })).roles).toEqual(['admin']);
    await bots.clock.advance(11_000);
    expect([...(await bot.generateIdentity(foo)).roles].sort()).toEqual(['admin', 'deployer']);
    await bots.cluster.upsertBot({ name: 'ci', roles: [] });
    expect(await bots.failure(bot.generateIdentity({ ...foo, roles: ['admin'] }))).toMatchObject({
      code: 'access_denied',
      offendingRoles: ['admin'],
    });
  });
});

describe('names', () => {
  it('that do not exist and that the roles may not see look the same', async () => {
    for (const name of ['nosuch', 'secret']) {
      const error = await bots.failure(bot.generateIdentity({ ...foo, name }));
      expect(error.code).toBe('not_found');
      expect(error.message).toBe(
        `there is no application "${name}" in cluster ${bots.cluster.name} that the roles "deployer" may see`,
      );
    }
  });

  it('are never a part of the query', async () => {
    const names = [
      'x" || name != "',
      'foo" || "',
      "foo' || true",
      'x" || name == "foo',
      '`foo`',
      'foo\\',
      'foo\n',
      'foo\0',
      '*',
      'FOO',
      '𝒻oo',
      '\u2028',
    ];
    for (const name of names) {
      expect((await bots.failure(bot.generateIdentity({ ...foo, name }))).code, JSON.stringify(name)).toBe('not_found');
    }
    for (const name of ['', 'foo\ud800', '\udc00', '\ufefffoo']) {
      expect((await bots.failure(bot.generateIdentity({ ...foo, name }))).code, JSON.stringify(name)).toBe(
        'bad_parameter',
      );
    }
    // One session, and nothing else was signed.
    expect(signed()).toBe(1);
  });
});

describe('clusters', () => {
  it('are the own one by default and by name, and unknown ones are named as such', async () => {
    const identity = await bot.generateIdentity({ ...foo, cluster: bots.cluster.name });
    expect(identity.tls.routeToCluster).toBe(bots.cluster.name);
    const error = await bots.failure(bot.generateIdentity({ ...foo, cluster: 'bar' }));
    expect(error).toMatchObject({ code: 'not_found', message: 'there is no cluster "bar"' });
    expect(error.hint).toContain(bots.cluster.name);
  });
});

describe('the warm path', () => {
  it('is one call to the cluster for each credential', async () => {
    await bot.generateIdentity(foo);
    bots.cluster.calls.clear();
    for (let i = 0; i < 5; i++) await bot.generateIdentity(foo);
    const methods = bots.cluster.calls.list().map(({ method, user }) => `${method} ${user}`);
    expect(methods).toEqual(Array(5).fill('GenerateUserCerts bot-ci'));
  });

  it('makes one session for a burst on a cold set of roles', async () => {
    const identities = await Promise.all(Array.from({ length: 20 }, () => bot.generateIdentity(foo)));
    expect(new Set(identities.map(({ serial }) => serial)).size).toBe(20);
    expect([signed(), looked()]).toEqual([21, 1]);
  });

  it('asks for a route again when it is older than a second, beside the signature', async () => {
    await bot.generateIdentity(foo);
    await bots.clock.advance(1_001);
    bots.cluster.calls.clear();
    await bot.generateIdentity(foo);
    expect([signed(), looked()]).toEqual([1, 1]);
  });

  it('follows an application that moves, and one that goes', async () => {
    await bot.generateIdentity(foo);
    await bots.cluster.addApplication({ name: 'foo', labels: { team: 'dev' }, publicAddr: 'elsewhere.localhost' });
    await bots.clock.advance(1_001);
    const moved = await bot.generateIdentity(foo);
    expect(moved.tls.app?.publicAddr).toBe('elsewhere.localhost');
    expect(moved.route?.application?.publicAddress).toBe('elsewhere.localhost');
    await bots.cluster.addApplication({ name: 'foo', labels: { team: 'board' } });
    await bots.clock.advance(1_001);
    expect((await bots.failure(bot.generateIdentity(foo))).code).toBe('not_found');
    // And a kept route does not outlive that.
    expect((await bots.failure(bot.generateIdentity(foo))).code).toBe('not_found');
  });

  it('makes a session anew before its end, and when the cluster refuses it', async () => {
    await bot.generateIdentity(foo);
    bots.cluster.calls.clear();
    await bots.clock.advance(41 * MINUTE);
    await until(() => bot.status().state === 'running' && bot.status().generation > 1);
    bots.cluster.calls.clear();
    await bot.generateIdentity(foo);
    expect(signed()).toBe(2);
    const refused = { code: 7, message: 'access denied' };
    await bots.clock.advance(10_000);
    bots.cluster.faults.next('ListResources', refused);
    bots.cluster.calls.clear();
    await bot.generateIdentity(foo);
    expect([signed(), looked()]).toEqual([2, 2]);
    // A new one would not do better than one that has just been made.
    await bots.clock.advance(1_001);
    bots.cluster.faults.next('ListResources', refused);
    expect((await bots.failure(bot.generateIdentity(foo))).code).toBe('access_denied');
    bots.cluster.calls.clear();
    await bot.generateIdentity(foo);
    expect([signed(), looked()]).toEqual([1, 1]);
  });
});

describe('trouble', () => {
  it('of the cluster is told as such and passes', async () => {
    await bot.generateIdentity(foo);
    bots.cluster.faults.next('GenerateUserCerts', 'unavailable');
    const error = await bots.failure(bot.generateIdentity(foo));
    expect(error.code).toBe('connection_problem');
    expect((await bot.generateIdentity(foo)).roles).toEqual(['deployer']);
  });

  it('that takes too long ends with the caller’s patience, and hurts nobody else', async () => {
    bots.cluster.faults.next('ListResources', { delayMs: 5_000 });
    const impatient = bot.generateIdentity(foo, { timeoutMs: 50 });
    const patient = bot.generateIdentity(foo);
    await expect(impatient).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('took longer than 50ms'),
    });
    const controller = new AbortController();
    const aborted = bot.generateIdentity(foo, { signal: controller.signal });
    controller.abort(new Error('never mind'));
    await expect(aborted).rejects.toThrow('never mind');
    await until(() => bots.clock.nextTimerAt === bots.clock.now() + 5_000);
    await bots.clock.advance(5_000);
    expect((await patient).roles).toEqual(['deployer']);
  });

  it('after the end is told at once', async () => {
    await bot.close();
    await bot.close();
    await expect(bot.generateIdentity(foo)).rejects.toMatchObject({ code: 'canceled' });
    await expect(bot.describe()).rejects.toMatchObject({ code: 'canceled' });
    expect(await bot.closed).toBeUndefined();
  });
});

describe('describe', () => {
  it('tells what may be asked for', async () => {
    await bots.cluster.upsertBot({ name: 'ci', roles: ['deployer', 'admin'] });
    expect(await bot.describe()).toEqual({
      roles: ['admin', 'deployer'],
      clusters: [bots.cluster.name],
      cluster: bots.cluster.name,
      proxyAddress: bots.cluster.proxyAddress,
      kinds: ['identity', 'application', 'database', 'kubernetes'],
      defaultTtlMs: 60 * MINUTE,
      minTtlMs: MINUTE,
    });
  });
});

describe('the heartbeat', () => {
  it('comes at start and every half hour, and does no harm when it fails', async () => {
    await until(() => bots.cluster.calls.count('SubmitHeartbeat') === 1);
    bots.cluster.faults.next('SubmitHeartbeat', 'unavailable');
    for (const beats of [2, 3]) {
      await bots.clock.advance(30 * MINUTE);
      await until(() => bots.cluster.calls.count('SubmitHeartbeat') === beats);
    }
    expect(bot.status().state).not.toBe('degraded');
  });
});
