import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { RealTeleport, TemporaryDirectory, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visitApplication } from '../test-support/visit-application.ts';
import { Bot } from './bot.ts';
import type { BotOptions } from './bot-types.ts';
import { DirectoryDestination } from './destinations/directory.ts';
import { MemoryDestination } from './destinations/memory.ts';

const MINUTE = 60_000;

describe.skipIf(!teleportBinDir())('a bot of a real Teleport 18', () => {
  let root: RealTeleport;
  let application: Server;
  let folder: TemporaryDirectory;
  let tokens = 0;
  const opened: AsyncDisposable[] = [];

  beforeAll(async () => {
    application = createServer((request, response) =>
      response.end(`hello ${request.headers['teleport-jwt-assertion'] ? 'user' : 'nobody'}`),
    );
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    folder = await TemporaryDirectory.create();
    root = await RealTeleport.start({
      name: 'root.test',
      applications: [
        { name: 'foo', uri, labels: { team: 'dev' } },
        { name: 'secret', uri },
      ],
    });
    await root.createRole('deployer', { allow: { app_labels: { team: 'dev' } }, options: { max_session_ttl: '2h' } });
    await root.createRole('admin', { allow: { app_labels: { '*': '*' } } });
    await root.createBot('ci', ['deployer']);
  });

  afterAll(async () => {
    for (const resource of opened.reverse()) await resource[Symbol.asyncDispose]();
    await root?.stop();
    application?.close();
    await folder?.[Symbol.asyncDispose]();
  });

  async function joined(options: Partial<BotOptions> = {}, bot = 'ci'): Promise<Bot> {
    const token = await root.createBotToken(bot, `token-for-interop-${tokens++}`);
    return await start({ onboarding: { token }, ...options });
  }

  async function start(options: Partial<BotOptions>): Promise<Bot> {
    const anyAddress = options.proxyServer !== undefined || options.authServer !== undefined;
    const bot = await Bot.start({
      ...(!anyAddress && { proxyServer: root.proxyAddress }),
      store: new MemoryDestination(),
      webCa: [root.webCaPem],
      ...options,
    });
    opened.push(bot);
    return bot;
  }

  async function failure(work: Promise<unknown>): Promise<TeleportError> {
    const error: unknown = await work.then(
      () => new Error('it did not fail'),
      (reason: unknown) => reason,
    );
    if (!isTeleportError(error)) throw error;
    return error;
  }

  it('joins through the proxy, named as such or as auth_server, and reaches the application', async () => {
    for (const address of [{ proxyServer: root.proxyAddress }, { authServer: root.proxyAddress }]) {
      const bot = await joined(address);
      expect(bot.status()).toMatchObject({
        state: 'running',
        cluster: 'root.test',
        generation: 1,
        address: root.proxyAddress,
      });
      const identity = await bot.generateIdentity({ kind: 'application', name: 'foo', ttlMs: 5 * MINUTE });
      expect(identity.ttl).toEqual({ askedMs: 5 * MINUTE, effectiveMs: 5 * MINUTE });
      expect(await visitApplication(identity, root.proxyAddress, root.webCaPem)).toEqual({
        status: 200,
        body: 'hello user',
      });
    }
  });

  it('joins by a CA pin, and refuses a wrong one before the token is sent', async () => {
    const caPins = [await root.caPin()];
    const token = await root.createBotToken('ci', 'token-for-pins');
    const wrong = { token, caPins: [`sha256:${'0'.repeat(64)}`] };
    for (const address of [{ authServer: root.authAddress }, { proxyServer: root.proxyAddress }]) {
      const error = await failure(start({ ...address, onboarding: wrong }));
      expect(error.message).toContain('matches the CA pin');
    }
    const bot = await start({ authServer: root.authAddress, onboarding: { token, caPins } });
    expect(bot.status().address).toBe(root.authAddress);
    for (const address of [{ authServer: root.authAddress }, { proxyServer: root.proxyAddress }]) {
      // Used tokens vanish from the cluster's cache within a second.
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const used = await failure(start({ ...address, onboarding: { token, caPins } }));
      expect(used.message).toContain('does not accept the join token');
    }
  });

  it('renews, and is picked up from a directory without a token', async () => {
    const store = async () => await DirectoryDestination.open(folder.join('store'));
    const bot = await joined({ store: await store() });
    await Promise.all([bot.renew(), bot.renew()]);
    expect(bot.status()).toMatchObject({ generation: 2, state: 'running' });
    await bot.renew();
    const { botInstanceId } = bot.status();
    await bot.close();
    const again = await start({ store: await store() });
    expect(again.status()).toMatchObject({ generation: 4, botInstanceId });
  });

  it('refuses clearly', async () => {
    const bot = await joined();
    const foo = { kind: 'application', name: 'foo' } as const;
    for (const name of ['nosuch', 'secret', 'x" || name != "', 'foo" || "']) {
      expect((await failure(bot.generateIdentity({ ...foo, name }))).code, name).toBe('not_found');
    }
    expect(await failure(bot.generateIdentity({ ...foo, roles: ['deployer', 'admin'] }))).toMatchObject({
      code: 'access_denied',
      offendingRoles: ['admin'],
    });
    expect(await failure(bot.generateIdentity({ ...foo, cluster: 'bar' }))).toMatchObject({
      code: 'not_found',
      hint: 'the clusters known here: root.test',
    });
    const cut = await bot.generateIdentity({ ...foo, ttlMs: 10 * 60 * MINUTE });
    expect(cut.ttl).toMatchObject({ effectiveMs: 120 * MINUTE, cutBy: 'max_session_ttl of a role' });
    expect(await bot.describe()).toMatchObject({
      roles: ['deployer'],
      clusters: ['root.test'],
      proxyAddress: root.proxyAddress,
    });
  });

  it('says that it is locked, and which locks must go', async () => {
    await root.createBot('locked', ['deployer']);
    const bot = await joined({}, 'locked');
    await root.tctl(['lock', '--user=bot-locked', '--message=maintenance']);
    // It bites within a second or two.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const error = await failure(bot.renew());
    expect(error).toMatchObject({ code: 'locked', hint: expect.stringContaining('bot-locked') });
    expect(await bot.closed).toBe(error);
    for (const address of [{ proxyServer: root.proxyAddress }, { authServer: root.authAddress }]) {
      expect(await failure(joined(address, 'locked'))).toMatchObject({
        code: 'locked',
        message: expect.stringContaining('maintenance'),
        hint: expect.stringContaining('the token was not used up'),
      });
    }
  });

  it('reaches an application of a leaf cluster', async () => {
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    await using leaf = await RealTeleport.startLeaf(root, {
      applications: [{ name: 'far', uri, labels: { team: 'dev' } }],
    });
    await leaf.createRole('deployer', { allow: { app_labels: { team: 'dev' } } });
    const bot = await joined();
    expect((await bot.describe()).clusters).toEqual(['root.test', 'leaf.test']);
    const identity = await bot.generateIdentity({ kind: 'application', name: 'far', cluster: 'leaf.test' });
    expect(identity.route).toMatchObject({ cluster: 'leaf.test', application: { name: 'far' } });
    expect(
      identity.authorities
        .filter(({ type }) => type === 'host')
        .map(({ cluster }) => cluster)
        .sort(),
    ).toEqual(['leaf.test', 'root.test']);
    expect(await visitApplication(identity, root.proxyAddress, root.webCaPem)).toMatchObject({ status: 200 });
    expect((await failure(bot.generateIdentity({ kind: 'application', name: 'far' }))).code).toBe('not_found');
  });
});
