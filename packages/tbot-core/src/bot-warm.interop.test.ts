import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from '@teleport-ts/api-client';
import { listApplicationServers } from '@teleport-ts/api-client/applications';
import { watch } from '@teleport-ts/api-client/watch';
import { isTeleportError } from '@teleport-ts/api-types';
import { RealTeleport, TemporaryDirectory, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { visitApplication } from '../test-support/visit-application.ts';
import { Bot } from './bot.ts';
import type { BotOptions } from './bot-types.ts';
import type { CaRotation } from './destination-host.ts';
import { DirectoryDestination } from './destinations/directory.ts';
import { MemoryDestination } from './destinations/memory.ts';
import type { Identity } from './identity.ts';

const soon = { timeout: 60_000, interval: 100 };
/** Retries grow to a minute. */
const late = { timeout: 150_000, interval: 100 };
const mover = { kind: 'application', name: 'mover' } as const;

describe.skipIf(!teleportBinDir())('the warm state of a bot, on a real Teleport 18', () => {
  let root: RealTeleport;
  let application: Server;
  let folder: TemporaryDirectory;
  let bot: Bot;
  let onlooker: Client;

  beforeAll(async () => {
    application = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    folder = await TemporaryDirectory.create();
    root = await RealTeleport.start({
      name: 'root.test',
      configure: (config) => {
        config.app_service.enabled = true;
        Object.assign(config.app_service, { resources: [{ labels: { '*': '*' } }] });
      },
    });
    await reach({ team: 'dev' });
    await root.createRole('other', { allow: { app_labels: { team: 'dev' } } });
    await place('one.localhost');
    const token = await root.createBot('ci', ['deployer', 'other']);
    bot = await start({ onboarding: { token } });
    await vi.waitFor(() => bot.generateIdentity({ ...mover, roles: ['deployer'] }), soon);
    onlooker = await bot.clientForIdentity(await bot.generateIdentity({ kind: 'identity', roles: ['deployer'] }));
  });

  afterAll(async () => {
    await onlooker?.close();
    await bot?.close();
    await root?.stop();
    application?.close();
    await folder?.[Symbol.asyncDispose]();
  });

  async function start(options: Partial<BotOptions> = {}): Promise<Bot> {
    const store = options.store ?? (await DirectoryDestination.open(folder.join('store')));
    return await Bot.start({ proxyServer: root.proxyAddress, webCa: [root.webCaPem], ...options, store });
  }

  function reach(labels: Readonly<Record<string, string>>): Promise<void> {
    return root.createRole('deployer', { allow: { app_labels: labels } });
  }

  async function place(publicAddress: string): Promise<void> {
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    const spec = { uri, public_addr: publicAddress };
    const app = { kind: 'app', version: 'v3', metadata: { name: 'mover', labels: { team: 'dev' } }, spec };
    await root.tctl(['create', '-f'], JSON.stringify(app));
  }

  /** What the roles are shown: the application's public addresses. */
  async function shown(): Promise<readonly string[]> {
    const servers = [];
    for await (const server of listApplicationServers(onlooker)) servers.push(server.raw.Spec?.App?.Spec?.PublicAddr);
    return servers.filter((address) => address !== undefined);
  }

  /**
   * Asks from several callers all the time while something happens to the application, and looks at the lists as often.
   *
   * @returns how long after the lists showed it the last outdated answer was given, in milliseconds
   */
  async function underLoad(
    happen: () => Promise<void>,
    isNew: (outcome: string) => boolean,
    isShown: (addresses: readonly string[]) => boolean,
  ): Promise<{ lastOldMs: number; answers: number; others: string[] }> {
    const answers: { at: number; outcome: string }[] = [];
    let going = true;
    const callers = Array.from({ length: 4 }, async () => {
      while (going) {
        const asked = bot.generateIdentity({ ...mover, roles: ['deployer'] });
        const outcome = await asked.then(
          ({ tls }) => tls.app?.publicAddr ?? '',
          (error: unknown) => (isTeleportError(error) ? error.code : String(error)),
        );
        answers.push({ at: performance.now(), outcome });
      }
    });
    const old = (await shown())[0] ?? 'not_found';
    await happen();
    await vi.waitFor(async () => expect(isShown(await shown())).toBe(true), { timeout: 60_000, interval: 10 });
    const shownAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    going = false;
    await Promise.all(callers);
    const lastOld = answers.findLast(({ outcome }) => !isNew(outcome));
    expect(isNew(answers.at(-1)?.outcome ?? '')).toBe(true);
    return {
      lastOldMs: (lastOld?.at ?? 0) - shownAt,
      answers: answers.length,
      others: [...new Set(answers.map(({ outcome }) => outcome))].filter(
        (outcome) => outcome !== old && !isNew(outcome),
      ),
    };
  }

  it('is told by the sessions’ own watch, which their roles may open', async () => {
    await using events = await watch(onlooker, ['app_server', 'db_server', 'kube_server'], { partial: true });
    expect(events.confirmed.map(({ kind }) => kind).sort()).toEqual(['app_server', 'db_server', 'kube_server']);
  });

  it('follows an application that moves in the middle of a load, within two seconds', async () => {
    for (const address of ['two.localhost', 'three.localhost']) {
      const seen = await underLoad(
        () => place(address),
        (outcome) => outcome === address,
        (addresses) => addresses.length > 0 && addresses.every((each) => each === address),
      );
      expect(seen.lastOldMs).toBeLessThan(2_000);
      // For a moment it may be gone.
      expect(seen.others.filter((outcome) => outcome !== 'not_found')).toEqual([]);
    }
  });

  it('refuses an application that leaves the roles’ reach, within two seconds, and gives it back', async () => {
    const gone = await underLoad(
      () => reach({ team: 'board' }),
      (outcome) => outcome === 'not_found',
      (addresses) => addresses.length === 0,
    );
    const back = await underLoad(
      () => reach({ team: 'dev' }),
      (outcome) => outcome === 'three.localhost',
      (addresses) => addresses.length === 1,
    );
    expect([gone.lastOldMs, back.lastOldMs].filter((ms) => ms > 2_000)).toEqual([]);
    expect([...gone.others, ...back.others]).toEqual([]);
  });

  it('lets a session go when the bot loses its role', async () => {
    await bot.generateIdentity({ ...mover, roles: ['other'] });
    const warm = bot.status().warmSessions;
    await root.tctl(['bots', 'update', 'ci', '--set-roles=deployer']);
    const refused = { code: 'access_denied', offendingRoles: ['other'] };
    await vi.waitFor(
      () => expect(bot.generateIdentity({ ...mover, roles: ['other'] })).rejects.toMatchObject(refused),
      soon,
    );
    expect(bot.status().warmSessions).toBe(warm - 1);
    expect((await bot.generateIdentity(mover)).roles).toEqual(['deployer']);
  });

  it('goes through a rotation without a failure, and through a restart', async () => {
    const told: CaRotation[] = [];
    const watched: Identity[] = [];
    const listening = (async () => {
      for await (const step of bot.listenForRotation()) told.push(step);
    })().catch(() => {});
    const watching = (async () => {
      for await (const identity of bot.watchIdentity(mover)) watched.push(identity);
    })().catch(() => {});
    const { generation } = bot.status();
    const visit = async (identity: Identity): Promise<number> =>
      (await visitApplication(identity, root.proxyAddress, root.webCaPem)).status;
    for (const phase of ['init', 'update_clients', 'update_servers', 'standby']) {
      for (const type of ['host', 'user', 'db']) {
        await root.tctl(['auth', 'rotate', '--manual', `--type=${type}`, `--phase=${phase}`]);
      }
      await vi.waitFor(() => expect(told.filter((step) => step.phase === phase)).toHaveLength(3), soon);
      // At once, although the cluster's own listeners take what the new authority signs up to a minute later.
      await bot.generateIdentity(mover);
      if (phase === 'update_clients') {
        // The token of a bot that joins now is used up before the listeners take what it has got for it.
        const onboarding = { token: await root.createBotToken('ci', 'token-of-the-newcomer') };
        await using newcomer = await start({ onboarding, store: new MemoryDestination() });
        await vi.waitFor(() => newcomer.generateIdentity(mover), late);
      }
      if (phase === 'update_clients')
        await vi.waitFor(() => expect(bot.status().generation).toBe(generation + 1), late);
    }
    await vi.waitFor(() => expect(bot.status().generation).toBe(generation + 2), late);
    await vi.waitFor(() => expect(watched.length).toBe(3), soon);
    expect(told.every(({ phase, deadline }) => (phase === 'standby' ? !deadline : deadline))).toBeTruthy();
    await vi.waitFor(async () => expect(await visit(watched.at(-1)!)).toBe(200), late);
    await root.restart();
    await vi.waitFor(() => expect(bot.status().authorityWatch.state).toBe('healthy'), soon);
    await vi.waitFor(() => bot.generateIdentity(mover), soon);
    await bot.renew();
    await bot.close();
    await Promise.all([listening, watching]);
    bot = await start();
    expect(bot.status().generation).toBe(generation + 4);
    await bot.generateIdentity(mover);
  }, 400_000);
});
