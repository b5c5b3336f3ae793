import { X509Certificate } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import { parseConfig, type TbotConfig } from '@teleport-ts/tbot-core';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { createLogger } from './logging/logger.ts';
import { loadPeerReader } from './sockets/peer-credentials.ts';

let folder: string;
let socketPath: string;
const ending: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daemon-'));
  socketPath = join(folder, 'tbot.sock');
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function startCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  const cluster = await DevCluster.start({ name: 'root.example', ...options });
  ending.push(() => cluster.stop());
  return cluster;
}

/** A cluster with one application and a bot that may impersonate three roles. */
async function cluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  const made = await startCluster(options);
  made.upsertRole({ name: 'reader', allow: { appLabels: { '*': '*' } } });
  made.upsertRole({ name: 'writer', allow: { appLabels: { '*': '*' } } });
  made.upsertRole({ name: 'brief', allow: { appLabels: { '*': '*' } }, maxSessionTtlMs: 5 * 60_000 });
  await made.addApplication({ name: 'grafana' });
  await made.upsertBot({ name: 'ci', roles: ['reader', 'writer', 'brief'] });
  return made;
}

function config(auth: DevCluster, token: string | undefined, sockets: string, store = '{ type: memory }'): TbotConfig {
  return parseConfig(`auth_server: ${auth.authAddress}\nstore: ${store}\nsockets:\n${sockets}`, {
    flags: { token, caPins: auth.caPins },
  });
}

async function start(options: DaemonOptions): Promise<Daemon> {
  const daemon = await Daemon.start({ random: () => 0, ...options });
  ending.push(() => daemon.close({ graceMs: 0 }));
  return daemon;
}

function ask(path = socketPath): SocketHost {
  const host = new SocketHost({ socket: path });
  ending.push(() => host.close());
  return host;
}

const grafana = { kind: 'application', name: 'grafana' } as const;

describe('a credential from a real cluster through a real socket', () => {
  test('has the roles of the socket, the asked route and the key of the caller', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    await start({ config: config(auth, token, `- path: ${socketPath}\n  roles: [reader, writer]`) });
    const identity = await ask().generateIdentity(grafana);
    expect([...identity.roles].sort()).toEqual(['reader', 'writer']);
    expect(identity.route).toMatchObject({
      cluster: 'root.example',
      application: { name: 'grafana', publicAddress: 'grafana.localhost' },
    });
    expect(identity.tls).toMatchObject({ user: 'bot-ci', app: { name: 'grafana' }, disallowReissue: true });
    expect(new X509Certificate(identity.tlsCertificate!).checkPrivateKey(identity.privateKey!)).toBe(true);
    expect(identity.ttl).toMatchObject({ askedMs: 3_600_000 });
    expect(identity.ttl.cutBy).toBeUndefined();

    const less = await ask().generateIdentity({ ...grafana, roles: ['reader'] });
    expect(less.roles).toEqual(['reader']);
  });

  test('outside the limits of the socket it is refused, each with its reason', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    await start({
      config: config(
        auth,
        token,
        `- path: ${socketPath}\n  roles: [reader]\n  max_ttl: 10m\n  applications: ["gra*", "x*"]`,
      ),
    });
    const host = ask();
    await expect(host.generateIdentity({ ...grafana, roles: ['reader', 'writer'] })).rejects.toMatchObject({
      code: 'access_denied',
      message: 'this socket does not allow the role "writer"',
      hint: 'it allows: reader',
    });
    await expect(host.generateIdentity({ ...grafana, name: 'prometheus' })).rejects.toMatchObject({
      code: 'access_denied',
    });
    await expect(host.generateIdentity({ ...grafana, ttlMs: 0 })).rejects.toMatchObject({ code: 'bad_parameter' });
    await expect(host.generateIdentity({ ...grafana, ttlMs: 59_000 })).rejects.toMatchObject({ code: 'bad_parameter' });
    await expect(host.generateIdentity({ ...grafana, cluster: 'nowhere' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(host.generateIdentity({ ...grafana, name: 'grafanb' })).rejects.toMatchObject({ code: 'not_found' });
    const operators = 'x" || name != "';
    await expect(host.generateIdentity({ ...grafana, name: operators })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('its ttl is cut by the socket and by a role, and the answer says by which', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    await start({ config: config(auth, token, `- path: ${socketPath}\n  max_ttl: 10m`) });
    const host = ask();
    const bySocket = await host.generateIdentity({ ...grafana, roles: ['reader'], ttlMs: 3_600_000 });
    expect(bySocket.ttl).toMatchObject({ askedMs: 3_600_000, cutBy: 'max_ttl of the socket' });
    expect(bySocket.ttl.effectiveMs).toBeGreaterThan(590_000);
    expect(bySocket.ttl.effectiveMs).toBeLessThanOrEqual(600_000);
    const byRole = await host.generateIdentity({ ...grafana, roles: ['brief'], ttlMs: 600_000 });
    expect(byRole.ttl.cutBy).toContain('max_session_ttl');
    expect(byRole.ttl.effectiveMs).toBeLessThanOrEqual(300_000);
    const plain = await host.generateIdentity({ ...grafana, roles: ['reader'], ttlMs: 60_000 });
    expect(plain.ttl.cutBy).toBeUndefined();
  });

  test('a socket without roles gives all that the bot may impersonate, and describes them', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    await start({ config: config(auth, token, `- path: ${socketPath}`) });
    const identity = await ask().generateIdentity(grafana);
    expect([...identity.roles].sort()).toEqual(['brief', 'reader', 'writer']);
    expect(await ask().describe()).toMatchObject({ roles: ['brief', 'reader', 'writer'], cluster: 'root.example' });
    await expect(ask().generateIdentity({ ...grafana, roles: ['root'] })).rejects.toMatchObject({
      code: 'access_denied',
    });
  });

  test('an outage of the cluster is told as such, and passes', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const daemon = await start({ config: config(auth, token, `- path: ${socketPath}`) });
    const host = ask();
    await host.generateIdentity(grafana);
    for (let i = 0; i < 10; i++) auth.faults.next('GenerateUserCerts', 'unavailable');
    await expect(host.generateIdentity(grafana, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: true,
    });
    auth.faults.clear();
    await host.generateIdentity(grafana);
    expect(daemon.status().sockets[0]).toMatchObject({ issued: 2n, failed: 1n });
  });
});

describe('several sockets', () => {
  test('each has its own limits, mode and audit file', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const other = join(folder, 'other.sock');
    const audit = join(folder, 'audit.log');
    await start({
      config: config(
        auth,
        token,
        `- path: file://${socketPath}\n  roles: [reader]\n  mode: "0660"\n- path: unix://${other}\n  roles: [writer]\n  audit: { file: ${audit} }`,
      ),
    });
    expect((lstatSync(socketPath).mode & 0o777).toString(8)).toBe('660');
    expect((lstatSync(other).mode & 0o777).toString(8)).toBe('600');
    expect((await ask(socketPath).generateIdentity(grafana)).roles).toEqual(['reader']);
    const identity = await ask(other).generateIdentity(grafana);
    expect(identity.roles).toEqual(['writer']);
    await ask(other)
      .generateIdentity({ ...grafana, roles: ['reader'] })
      .catch(() => {});
    const records = readFileSync(audit, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toMatchObject([
      {
        outcome: 'issued',
        socket: other,
        roles: ['writer'],
        serial: identity.serial.toLowerCase(),
        request: { own_key: true },
      },
      { outcome: 'refused', code: 'access_denied', request: { roles: ['reader'] } },
    ]);
    if (loadPeerReader()) expect(records[0].peer).toMatchObject({ uid: process.getuid?.(), pid: process.pid });
    const status = await ask(other).status();
    expect(status).toMatchObject({
      bot: { state: 'running', botName: 'ci', cluster: 'root.example', serverVersion: '18.0.0', generation: 1 },
      sockets: [
        { path: socketPath, issued: 1, refused: 0 },
        { path: other, issued: 1, refused: 1 },
      ],
    });
  });

  test('the file of a socket that somebody removed comes back', async () => {
    const auth = await cluster();
    const token = await auth.createToken({ botName: 'ci' });
    const due: (() => void)[] = [];
    const clock = {
      now: () => Date.now(),
      setTimer: (delayMs: number, run: () => void) => {
        if (delayMs === 10_000) due.push(run);
        const timer = delayMs === 10_000 ? undefined : setTimeout(run, Math.min(delayMs, 2_000_000_000)).unref();
        return { cancel: () => clearTimeout(timer) };
      },
    };
    await start({ config: config(auth, token, `- path: ${socketPath}`), clock });
    const before = ask();
    await before.generateIdentity(grafana);
    rmSync(socketPath);
    for (const run of due.splice(0)) run();
    await expect.poll(() => existsSync(socketPath)).toBe(true);
    await ask().generateIdentity(grafana);
    await before.generateIdentity(grafana);
  });
});

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

  test('a first join does not wait for a cluster that is away', async () => {
    const auth = await cluster();
    const settings = config(auth, 'some-token', `- path: ${socketPath}`);
    await auth.stop();
    await expect(Daemon.start({ config: settings, random: () => 0 })).rejects.toMatchObject({
      code: 'connection_problem',
    });
  });
});

test('a bot that is locked ends the agent, with the locks to remove', async () => {
  const auth = await cluster();
  const token = await auth.createToken({ botName: 'ci' });
  const daemon = await start({ config: config(auth, token, `- path: ${socketPath}`) });
  await ask().generateIdentity(grafana);
  auth.lock({ user: 'bot-ci' });
  await expect(ask().generateIdentity(grafana)).rejects.toMatchObject({
    code: expect.stringMatching(/locked|access_denied/),
  });
  expect(await daemon.closed).toMatchObject({ code: 'locked', hint: expect.stringContaining('tctl get locks') });
  expect(existsSync(socketPath)).toBe(false);
});

test('a stop lets a running call finish', async () => {
  const auth = await cluster();
  const token = await auth.createToken({ botName: 'ci' });
  const daemon = await start({ config: config(auth, token, `- path: ${socketPath}`) });
  const host = ask();
  await host.generateIdentity(grafana);
  auth.faults.next('GenerateUserCerts', { delayMs: 500 });
  const running = host.generateIdentity(grafana);
  await expect.poll(() => auth.faults.waiting('GenerateUserCerts'), { timeout: 10_000, interval: 5 }).toBe(0);
  await daemon.close();
  expect((await running).roles).toContain('reader');
  await expect(ask().generateIdentity(grafana)).rejects.toMatchObject({ code: 'connection_problem' });
});

test('no log line of a whole life holds a key or the token', async () => {
  const auth = await cluster();
  mkdirSync(join(folder, 'store'), { mode: 0o700 });
  const store = `{ type: directory, path: ${join(folder, 'store')} }`;
  const token = await auth.createToken({ botName: 'ci' });
  const lines: string[] = [];
  // Without the token as a secret: nobody may rely on the last resort.
  const logger = createLogger({ format: 'json', debug: true, write: (line) => lines.push(line) });
  const settings = config(auth, token, `- path: ${socketPath}\n  roles: [reader]`, store);
  await Daemon.start({ config: { ...settings, onboarding: { token: `${token}x` } }, logger }).catch(() => {});
  const daemon = await start({ config: settings, logger });
  const identity = await ask().generateIdentity(grafana);
  const madeByAgent = identity.privateKeyPem ?? '';
  await ask()
    .generateIdentity({ ...grafana, roles: ['root'] })
    .catch(() => {});
  await daemon.renew();
  await daemon.close();
  const log = lines.join('');
  expect(lines.length).toBeGreaterThan(5);
  expect(log).toContain('"outcome":"issued"');
  const keys = [readFileSync(join(folder, 'store/key'), 'utf8'), madeByAgent].flatMap((pem) =>
    pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----')),
  );
  expect(keys.length).toBeGreaterThan(2);
  for (const secret of [token, ...keys]) expect(log).not.toContain(secret);
  expect(log).not.toContain('PRIVATE KEY');
});
