import { readdir, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { caPin } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock, type Timer } from './clock.ts';
import { DevCluster } from './dev-cluster.ts';
import { heldResources, leakedSince } from './testing/leaks.ts';
import { TemporaryDirectory } from './testing/temporary-directory.ts';
import { anonymousClient, WireBot } from './testing/wire-bot.ts';
import { wireStatus } from './testing/wire-client.ts';
import { startSampleCluster } from './testing/with-dev-cluster.ts';

/** The machine's time, and how many of its timers there are: Node does not tell of those that keep no process alive. */
class CountingClock implements Clock {
  made = 0;
  pending = 0;

  now(): number {
    return systemClock.now();
  }

  setTimer(delayMs: number, run: () => void, options?: { keepAlive?: boolean }): Timer {
    this.made++;
    this.pending++;
    let isPending = true;
    const over = (): void => {
      if (isPending) this.pending--;
      isPending = false;
    };
    const timer = systemClock.setTimer(
      delayMs,
      () => {
        over();
        run();
      },
      options,
    );
    return {
      cancel: () => {
        over();
        timer.cancel();
      },
    };
  }
}

describe('starting and stopping', () => {
  it('a hundred times leaves nothing behind', async () => {
    await using directory = await TemporaryDirectory.create();
    const timers = new CountingClock();
    const once = async (dataDir?: string): Promise<void> => {
      // Any ports: those of the last time may have become another program's meanwhile.
      const place = dataDir === undefined ? {} : { dataDir, authPort: 0, proxyPort: 0 };
      const { cluster, token } = await startSampleCluster({ clock: timers, ...place });
      using bot = await WireBot.join(cluster, token);
      const watch = bot.client.stream(Auth, 'watchEvents', { Kinds: [{ Kind: 'cert_authority' }] });
      const ended = new Promise((resolve) => watch.on('error', resolve));
      await new Promise((resolve) => watch.once('data', resolve));
      await cluster.stop();
      await ended;
    };
    await once(); // what is made once and kept: thread pool, resolver
    await settled();
    const before = heldResources();
    for (let i = 0; i < 100; i++) await once(i % 10 === 0 ? directory.path : undefined);
    await settled();
    expect(leakedSince(before)).toEqual({});
    expect(timers.made).toBeGreaterThan(100);
    expect(timers.pending).toBe(0);
    expect((await readdir(directory.path)).sort()).toEqual(['state.jsonl', 'web-ca.pem']);
  }, 120_000);

  it('twice is harmless, and frees the ports', async () => {
    const cluster = await DevCluster.start();
    const port = Number(cluster.authAddress.split(':')[1]);
    await Promise.all([cluster.stop(), cluster.stop()]);
    await cluster.stop();
    await using again = await DevCluster.start({ authPort: port });
    expect(again.authAddress).toBe(cluster.authAddress);
  });

  it('on a port that is taken fails and leaves nothing behind', async () => {
    await using cluster = await DevCluster.start();
    await using directory = await TemporaryDirectory.create();
    const port = Number(cluster.proxyAddress.split(':')[1]);
    await expect(DevCluster.start({ proxyPort: port, dataDir: directory.path })).rejects.toThrow(/EADDRINUSE/);
    await (await DevCluster.start({ dataDir: directory.path })).stop();
  });

  it('listens on this machine only', async () => {
    await using cluster = await DevCluster.start();
    expect(cluster.authAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(cluster.proxyAddress).toMatch(/^localhost:\d+$/);
    expect(cluster.caPins).toEqual(cluster.hostCaPems.map((pem) => caPin(pem)));
  });

  it.each(['legacy', 'balanced-v1'] as const)('works with the suite %s', async (signatureSuite) => {
    const { cluster, token } = await startSampleCluster({ signatureSuite });
    await using _stop = cluster;
    using bot = await WireBot.join(cluster, token);
    const pong = await bot.client.call(Auth, 'ping', {});
    expect(pong.signatureAlgorithmSuite).toBe(signatureSuite === 'legacy' ? 1 : 2);
  });
});

describe('a restart', () => {
  it('in the process keeps ports, authorities and state, and cuts every connection', async () => {
    const { cluster, token } = await startSampleCluster();
    await using _stop = cluster;
    using bot = await WireBot.join(cluster, token);
    const { authAddress, proxyAddress, caPins } = cluster;
    const cut = wireStatus(slowPing(cluster, bot));
    await cluster.restart();
    expect((await cut).code).toBe(14);
    expect({ authAddress, proxyAddress, caPins }).toEqual({
      authAddress: cluster.authAddress,
      proxyAddress: cluster.proxyAddress,
      caPins: cluster.caPins,
    });
    // A channel that was cut waits before it dials again.
    using again = bot.as(bot.own);
    expect((await again.issue()).identity.generation).toBe(2);
  });

  it('from a data directory keeps them too', async () => {
    await using directory = await TemporaryDirectory.create();
    const options = { dataDir: directory.join('data') };
    const first = await startSampleCluster({ ...options, name: 'kept.test' });
    using bot = await WireBot.join(first.cluster, first.token);
    const unused = await first.cluster.createToken({ botName: 'ci' });
    await expect(DevCluster.start(options)).rejects.toThrow(/is used by the dev-cluster with pid/);
    const { authAddress, proxyAddress, caPins, webCaPem } = first.cluster;
    await first.cluster.stop();

    await expect(DevCluster.start({ ...options, name: 'other.test' })).rejects.toThrow(/holds the cluster kept.test/);
    await using cluster = await DevCluster.start(options);
    expect({ authAddress, proxyAddress, caPins, webCaPem, name: 'kept.test' }).toEqual({
      authAddress: cluster.authAddress,
      proxyAddress: cluster.proxyAddress,
      caPins: cluster.caPins,
      webCaPem: cluster.webCaPem,
      name: cluster.name,
    });
    using again = bot.as(bot.own);
    expect((await again.issue()).identity.generation).toBe(2);
    (await WireBot.join(cluster, unused)).client.close();
    expect(cluster.applications).toEqual([{ name: 'foo', publicAddr: 'foo.localhost' }]);
    expect((await stat(options.dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(cluster.webCaPath ?? '')).isFile()).toBe(true);
  });
});

describe('for tests', () => {
  it('the calls that were received are told, by whom and how they ended', async () => {
    const { cluster, token } = await startSampleCluster();
    await using _stop = cluster;
    using bot = await WireBot.join(cluster, token);
    await bot.client.call(Auth, 'ping', {});
    await wireStatus(bot.client.call(Auth, 'getTokens', {}));
    expect(cluster.calls.list().map(({ method, user, code }) => ({ method, user, code }))).toEqual([
      { method: 'RegisterUsingToken', user: '', code: 0 },
      { method: 'Ping', user: 'bot-ci', code: 0 },
      { method: 'GetTokens', user: 'bot-ci', code: 7 },
    ]);
    expect(cluster.calls.count('Ping')).toBe(1);
  });

  it('faults meet the next call of their method, once each, in order', async () => {
    await using cluster = await DevCluster.start();
    using client = anonymousClient(cluster);
    const ping = () => client.call(Auth, 'ping', {});
    cluster.faults.next('Ping', 'unavailable');
    cluster.faults.next('Ping', { code: 8, message: 'slow down' });
    cluster.faults.next('Ping', 'dropped');
    cluster.faults.next('GetDomainName', { code: 5 });
    expect(await wireStatus(ping())).toEqual({ code: 14, details: 'injected fault' });
    expect(await wireStatus(ping())).toEqual({ code: 8, details: 'slow down' });
    expect((await wireStatus(ping())).code).toBe(14);
    expect((await ping()).ClusterName).toBe('dev.cluster');
    cluster.faults.clear();
    expect((await client.call(Auth, 'getDomainName', {})).DomainName).toBe('dev.cluster');
  });

  it('a delay is one by the clock of the cluster', async () => {
    await using cluster = await DevCluster.start();
    using client = anonymousClient(cluster);
    await client.call(Auth, 'ping', {});
    cluster.faults.next('Ping', { delayMs: 50 });
    const start = performance.now();
    await client.call(Auth, 'ping', {});
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });
});

/** A call that is under way until the connection breaks. */
function slowPing(cluster: DevCluster, bot: WireBot): Promise<unknown> {
  cluster.faults.next('Ping', { delayMs: 500 });
  return bot.client.call(Auth, 'ping', {});
}

/** Closed sockets leave the process a little later. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}
