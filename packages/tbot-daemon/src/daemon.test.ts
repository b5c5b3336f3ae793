import { X509Certificate } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask, cluster, config, folder, grafana, socketPath, start } from '../test-support/daemon-in-cluster.ts';
import { Daemon } from './daemon.ts';
import { createLogger } from './logging/logger.ts';
import { loadPeerReader } from './sockets/peer-credentials.ts';

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
