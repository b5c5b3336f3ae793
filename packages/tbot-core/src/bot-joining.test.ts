import { writeFile } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock, L7Balancer } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BotInCluster, MINUTE } from '../test-support/bot-in-cluster.ts';
import { MemoryDestination } from './destinations/memory.ts';

let bots: BotInCluster;
beforeEach(async () => {
  bots = await BotInCluster.start();
});
afterEach(async () => {
  await bots[Symbol.asyncDispose]();
});

describe('joining', () => {
  it('at an auth service, verified by a CA pin', async () => {
    const bot = await bots.joined();
    expect(bot.status()).toMatchObject({
      state: 'running',
      botName: 'ci',
      cluster: bots.cluster.name,
      address: bots.cluster.authAddress,
      generation: 1,
      expires: new Date(Math.floor(bots.clock.now() / 1000) * 1000 + 60 * MINUTE),
      nextRenewal: expect.any(Date),
    });
    expect(bots.log).not.toContain('WITHOUT VERIFYING');
  });

  it('through a proxy, named as such or as auth_server', async () => {
    const token = async () => ({ token: await bots.token() });
    const named = await bots.bot({ proxyServer: bots.cluster.proxyAddress, onboarding: await token() });
    const found = await bots.bot({ authServer: bots.cluster.proxyAddress, onboarding: await token() });
    for (const bot of [named, found]) {
      expect(bot.status()).toMatchObject({ generation: 1, address: bots.cluster.proxyAddress });
      expect((await bot.generateIdentity({ kind: 'application', name: 'foo' })).route?.application?.name).toBe('foo');
    }
  });

  it('with a CA file, with a token from a file, and unverified with a warning', async () => {
    const caPath = bots.folder.join('ca.pem');
    const identity = await bots.cluster.issueUserCredentials({ user: 'bot-ci', ttlMs: MINUTE });
    await writeFile(caPath, identity.cas.join(''));
    const tokenPath = bots.folder.join('token');
    await writeFile(tokenPath, `${await bots.token()}\n`);
    await bots.bot({ onboarding: { token: tokenPath, caPath } });
    expect(bots.log).not.toContain('WITHOUT VERIFYING');
    await bots.bot({ onboarding: { token: await bots.token() } });
    expect(bots.log).toContain('warn joining WITHOUT VERIFYING the cluster');
  });

  it('makes keys of the cluster’s suite', async () => {
    await using legacy = await DevCluster.start({ signatureSuite: 'legacy', clock: bots.clock });
    await legacy.upsertBot({ name: 'old', roles: [] });
    const store = new MemoryDestination();
    const onboarding = { token: await legacy.createToken({ botName: 'old' }), caPins: legacy.caPins };
    await using _bot = await bots.bot({ authServer: legacy.authAddress, onboarding, store });
    expect((await store.read('key'))?.toString()).toContain('BEGIN RSA PRIVATE KEY');
    const modern = new MemoryDestination();
    await bots.joined({ store: modern });
    expect((await modern.read('key'))?.toString()).toContain('BEGIN PRIVATE KEY');
    expect((await modern.read('key.pub'))?.toString()).toContain('ecdsa-sha2-nistp256');
  });

  it('is refused for a wrong pin before the token is sent', async () => {
    const token = await bots.token();
    const { authAddress, proxyAddress } = bots.cluster;
    for (const address of [{ authServer: authAddress }, { authServer: proxyAddress }, { proxyServer: proxyAddress }]) {
      const error = await bots.failure(
        bots.bot({ ...address, onboarding: { token, caPins: [`sha256:${'0'.repeat(64)}`] } }),
      );
      expect(error).toMatchObject({ code: 'access_denied' });
      expect(error.message).toContain('no certificate authority of the cluster matches the CA pin');
      expect(error.hint).toContain(bots.cluster.caPins[0]);
      expect(error.hint).toContain('the token was not used up');
    }
    expect(bots.cluster.calls.count('RegisterUsingToken')).toBe(0);
    // It has not been used up at the proxy either.
    const bot = await bots.bot({ proxyServer: proxyAddress, onboarding: { token, caPins: bots.cluster.caPins } });
    await bot.close();
  });

  it('is refused for a wrong pin after the token was sent, where only the web API is within reach', async () => {
    await using balancer = await L7Balancer.start({ to: bots.cluster.proxyAddress, dropsUpgrades: true });
    const onboarding = { token: await bots.token(), caPins: [`sha256:${'0'.repeat(64)}`] };
    const error = await bots.failure(bots.bot({ proxyServer: balancer.address, webCa: [balancer.caPem], onboarding }));
    expect(error).toMatchObject({ code: 'access_denied', message: expect.stringContaining('matches the CA pin') });
    expect(error.hint).toContain('the token has been used up, make a new one');
    const again = await bots.failure(
      bots.bot({ proxyServer: bots.cluster.proxyAddress, onboarding: { token: onboarding.token } }),
    );
    expect(again.message).toContain('does not accept the join token');
  });

  it('is refused for a token that is unknown, used, or expired, and never shows it', async () => {
    const used = await bots.token();
    await bots.bot({ onboarding: { token: used, caPins: bots.cluster.caPins } });
    const expired = await bots.token(MINUTE);
    await bots.clock.advance(2 * MINUTE);
    for (const token of [used, expired, 'a-token-of-another-cluster']) {
      for (const address of [{ authServer: bots.cluster.authAddress }, { proxyServer: bots.cluster.proxyAddress }]) {
        const error = await bots.failure(bots.bot({ ...address, onboarding: { token, caPins: bots.cluster.caPins } }));
        expect(error.code).toBe('access_denied');
        expect(error.message).toContain('does not accept the join token');
        expect(error.hint).toContain('make a new one');
        expect(`${error.message} ${error.hint} ${error.stack} ${bots.log}`).not.toContain(token);
      }
    }
  });

  it('says by how much the clock is behind', async () => {
    const behind = new FakeClock(bots.clock.now() - 10 * MINUTE);
    const token = await bots.token();
    const error = await bots.failure(bots.bot({ clock: behind, onboarding: { token } }));
    expect(error.code).toBe('unknown');
    expect(error.message).toMatch(/clock skew: the certificate is not yet valid, it begins 9m\d+s from now/);
  });

  it('is not tried on a server of another major, which keeps the token', async () => {
    await using old = await DevCluster.start({ serverVersion: '16.4.0', clock: bots.clock });
    await old.upsertBot({ name: 'ci', roles: [] });
    const onboarding = { token: await old.createToken({ botName: 'ci' }) };
    const webCa = [old.webCaPem];
    for (const address of [{ authServer: old.authAddress }, { proxyServer: old.proxyAddress }]) {
      const error = await bots.failure(bots.bot({ ...address, webCa, onboarding }));
      expect(error).toMatchObject({ code: 'version_mismatch', message: expect.stringContaining('Teleport 16.4.0') });
      expect(error.hint).toContain('upgrade the cluster');
    }
    await using newer = await DevCluster.start({ serverVersion: '20.1.0', clock: bots.clock });
    const addresses = [{ authServer: newer.authAddress }, { proxyServer: newer.proxyAddress }];
    const hinted = { webCa: [newer.webCaPem], onboarding: { token: 'x' }, packageName: 'a-bot' };
    for (const address of addresses) {
      expect((await bots.failure(bots.bot({ ...address, ...hinted }))).hint).toContain('install a-bot@~1.20.0');
    }
    const bot = await bots.bot({ proxyServer: old.proxyAddress, webCa, onboarding, skipVersionCheck: true });
    expect(bot.status().serverVersion).toBe('16.4.0');
    await bot.close();
  });

  it('needs a token, an address, and a store that can be written', async () => {
    expect((await bots.failure(bots.bot())).message).toContain('no stored identity and no token');
    expect((await bots.failure(bots.bot({ authServer: 'a:1', proxyServer: 'b:1' }))).message).toContain('exactly one');
    expect((await bots.failure(bots.bot({ onboarding: { token: '/nowhere/token' } }))).message).toContain(
      '/nowhere/token',
    );
    const full = new MemoryDestination();
    full.write = () => Promise.reject(new TeleportError('unknown', 'disk full'));
    const token = await bots.token();
    const onboarding = { token, caPins: bots.cluster.caPins };
    expect((await bots.failure(bots.bot({ store: full, onboarding }))).message).toContain('disk full');
    // The token has not been used up by that.
    await bots.bot({ onboarding });
  });

  it('tries a cluster that is away a few times, then says so', async () => {
    const { authAddress } = bots.cluster;
    await bots.cluster.stop();
    const error = await bots.failure(bots.bot({ authServer: authAddress, onboarding: { token: 'x' } }));
    expect(error.code).toBe('connection_problem');
    expect(bots.log.split('\n').filter((line) => line.includes('cannot be reached'))).toHaveLength(3);
  });
});
