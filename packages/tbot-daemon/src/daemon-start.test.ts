import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ask,
  cluster,
  config,
  folder,
  grafana,
  socketPath,
  start,
  startCluster,
} from '../test-support/daemon-in-cluster.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { createLogger } from './logging/logger.ts';

describe('a start that cannot succeed', () => {
  test('because of the machine does not spend the token', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    const attempt = (sockets: string, store?: string) => Daemon.start({ config: config(auth, token, sockets, store) });
    await expect(attempt(`- path: ${file}`)).rejects.toMatchObject({
      code: 'already_exists',
      message: `${file} is in the way of the socket: it is a regular file`,
    });
    await expect(attempt(`- path: ${socketPath}\n  group: no-such-group`)).rejects.toMatchObject({
      message: 'there is no group "no-such-group" on this system',
    });
    await expect(attempt(`- path: ${socketPath}\n  audit: { file: ${folder}/none/audit.log }`)).rejects.toMatchObject({
      code: 'bad_parameter',
    });
    await expect(attempt(`- path: ${socketPath}`, `{ type: directory, path: ${file} }`)).rejects.toThrow(
      'not a directory',
    );
    expect(readFileSync(file, 'utf8')).toBe('precious');
    expect(existsSync(socketPath)).toBe(false);
    await start({ config: config(auth, token, `- path: ${socketPath}`) });
    await ask().generateIdentity(grafana);
  });

  test('because the join is refused ends at once and leaves nothing', async () => {
    const auth = await cluster();
    const attempt = (token: string | undefined, pins = auth.caPins) =>
      Daemon.start({
        config: {
          ...config(auth, token, `- path: ${socketPath}`),
          onboarding: { ...(token && { token }), caPins: pins },
        },
      });
    await expect(attempt('no-such-token')).rejects.toMatchObject({ code: 'access_denied' });
    await expect(attempt(undefined)).rejects.toMatchObject({ code: 'bad_parameter' });
    const token = await auth.createToken({ botName: 'ci' });
    await expect(attempt(token, [`sha256:${'0'.repeat(64)}`])).rejects.toMatchObject({
      message: expect.stringContaining('pin'),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('because another agent runs on the store says so, and does not disturb it', async () => {
    const auth = await cluster();
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const token = await auth.createToken({ botName: 'ci' });
    await start({ config: config(auth, token, `- path: ${socketPath}`, store) });
    const second = config(auth, token, `- path: ${join(folder, 'second.sock')}`, store);
    await expect(Daemon.start({ config: second })).rejects.toMatchObject({ code: 'already_exists' });
    const same = config(auth, token, `- path: ${socketPath}`);
    await expect(Daemon.start({ config: same })).rejects.toMatchObject({
      message: `another process is listening on the socket ${socketPath}`,
    });
    await ask().generateIdentity(grafana);
  });
});

describe('a restart', () => {
  test('with a directory needs no token, with memory it does', async () => {
    const auth = await cluster();
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const token = await auth.createToken({ botName: 'ci' });
    const first = await start({ config: config(auth, token, `- path: ${socketPath}`, store) });
    await first.close();
    expect(existsSync(socketPath)).toBe(false);
    const again = await start({ config: config(auth, undefined, `- path: ${socketPath}`, store) });
    await ask().generateIdentity(grafana);
    expect(again.status().bot).toMatchObject({ generation: 2, botName: 'ci' });
    await again.close();

    const inMemory = await start({
      config: config(auth, await auth.createToken({ botName: 'ci' }), `- path: ${socketPath}`),
    });
    await inMemory.close();
    await expect(Daemon.start({ config: config(auth, undefined, `- path: ${socketPath}`) })).rejects.toMatchObject({
      code: 'bad_parameter',
      hint: expect.stringContaining('a memory store forgets at each restart'),
    });
  });

  test('while the cluster is away waits for it, says so on the socket, and recovers', async () => {
    const dataDir = join(folder, 'cluster');
    const auth = await cluster({ dataDir });
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const token = await auth.createToken({ botName: 'ci' });
    const first = await start({ config: config(auth, token, `- path: ${socketPath}`, store) });
    await first.close();
    const settings = config(auth, undefined, `- path: ${socketPath}`, store);
    await auth.stop();

    const lines: string[] = [];
    const logger = createLogger({ format: 'json', write: (line) => lines.push(line) });
    const daemon = await start({ config: settings, logger });
    const host = ask();
    await expect(host.generateIdentity(grafana)).rejects.toMatchObject({
      code: 'connection_problem',
      message: expect.stringContaining('the agent cannot reach its cluster'),
    });
    expect(await host.status()).toMatchObject({ bot: { state: 'degraded', botName: 'ci', generation: 1 } });
    expect(lines.join('')).toContain('the cluster cannot be reached; the stored identity is kept');

    await startCluster({ dataDir });
    await expect.poll(async () => (await host.status()).bot?.state, { timeout: 20_000 }).toBe('running');
    await host.generateIdentity(grafana);
    expect(lines.join('')).toContain('the cluster is back');
    await daemon.close();
    expect(await daemon.closed).toBeUndefined();
  });

  test('that is stopped while it waits for the cluster ends', async () => {
    const auth = await cluster();
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const token = await auth.createToken({ botName: 'ci' });
    await (await start({ config: config(auth, token, `- path: ${socketPath}`, store) })).close();
    await auth.stop();
    const daemon = await start({ config: config(auth, undefined, `- path: ${socketPath}`, store), random: () => 0.3 });
    await daemon.close();
    expect(await daemon.closed).toBeUndefined();
    expect(existsSync(socketPath)).toBe(false);
  });

  test('that is stopped at any moment of its start leaves nothing, and spends no token before the join', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const store = `{ type: directory, path: ${join(folder, 'store')} }`;
    const sockets = `- path: ${socketPath}\n- path: ${join(folder, 'second.sock')}`;
    const stopped = async (token: string | undefined, when: (stop: () => void) => Partial<DaemonOptions>) => {
      const stop = new AbortController();
      const more = when(() => stop.abort(new Error('stopped')));
      const starting = Daemon.start({ config: config(auth, token, sockets, store), signal: stop.signal, ...more });
      await expect(starting).rejects.toThrow('stopped');
      expect(readdirSync(folder)).toEqual(['store']);
    };
    await stopped(token, (stop) => {
      queueMicrotask(stop);
      return {};
    });
    await (await start({ config: config(auth, token, sockets, store) })).close();
    await stopped(undefined, (stop) => ({
      // Between the first socket and the second.
      logger: createLogger({ format: 'json', write: (line) => line.includes('"listening"') && stop() }),
    }));
    await start({ config: config(auth, undefined, sockets, store) });
    await ask().generateIdentity(grafana);
  });

  test('a first join does not wait for a cluster that is away', async () => {
    const auth = await cluster();
    const settings = config(auth, 'some-token', `- path: ${socketPath}`);
    await auth.stop();
    await expect(Daemon.start({ config: settings, random: () => 0 })).rejects.toMatchObject({
      code: 'connection_problem',
    });
  });
});
