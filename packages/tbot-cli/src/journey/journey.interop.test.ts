import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTlsIdentity } from '@teleport-ts/api-types';
import { RealTeleport, RunningProgram, runProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// The first journey against a real Teleport 18: its auth service, its proxy, its application service.
const TBOT = fileURLToPath(new URL('../../dist/tbot.cjs', import.meta.url));

describe.skipIf(!teleportBinDir())('the journey of one credential through a real cluster', () => {
  let teleport: RealTeleport;
  let application: Server;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journey-'));
    application = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ hello: 'from foo', headers: request.headers }));
    });
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    teleport = await RealTeleport.start({ applications: [{ name: 'foo', uri, labels: { env: 'demo' } }] });
    await teleport.createRole('deployer', { allow: { app_labels: { '*': ['*'] } } });
    await teleport.createRole('auditor', { allow: {} });
    await teleport.createRole('brief', { allow: { app_labels: { '*': ['*'] } }, options: { max_session_ttl: '2m' } });
    await teleport.createBot('ci', ['deployer', 'auditor', 'brief']);
  });

  afterAll(async () => {
    await teleport?.stop();
    application?.close();
    await rm(folder, { recursive: true, force: true });
  });

  let agents = 0;
  /** An agent as an operator starts it, on the RFD's configuration, with joining by flags. */
  async function startAgent(
    address: string,
    flags: readonly string[],
    store = 'type: memory',
  ): Promise<{ agent: RunningProgram; socket: string; config: string }> {
    agents += 1;
    const socket = join(folder, `agent-${agents}.sock`);
    const config = join(folder, `agent-${agents}.yaml`);
    await writeFile(
      config,
      `auth_server: ${address}\nstore:\n  ${store}\nsockets:\n- path: file://${socket}\n  roles: ["deployer", "brief"]\n`,
    );
    const token = await teleport.createBotToken('ci', `journey-token-${agents}`);
    const agent = new RunningProgram(
      process.execPath,
      [TBOT, 'start', '-c', config, '--token', token, '--join-method', 'token', ...flags],
      { env: { NODE_EXTRA_CA_CERTS: teleport.webCaPath } },
    );
    await agent.printed(/\bready\b/);
    return { agent, socket, config };
  }

  const generate = (socket: string, ...args: string[]): ReturnType<typeof runProgram> =>
    runProgram(process.execPath, [TBOT, 'generate', '--socket', socket, 'application', ...args]);

  async function curlReaches(out: string): Promise<{ headers: Record<string, string> }> {
    const curl = await runProgram('curl', [
      ...['-sS', '--fail', '--cacert', teleport.webCaPath],
      ...['--cert', join(out, 'tlscert'), '--key', join(out, 'key'), `https://${teleport.proxyAddress}/`],
    ]);
    expect(curl.stderr).toBe('');
    expect(curl.code).toBe(0);
    const answer = JSON.parse(curl.stdout);
    expect(answer.hello).toBe('from foo');
    return answer;
  }

  test('through an auth address with a CA pin: the command of the RFD, then curl', async () => {
    const { agent, socket } = await startAgent(teleport.authAddress, ['--ca-pin', await teleport.caPin()]);
    await using _ = agent;
    const out = join(folder, 'out-auth');
    const made = await generate(
      socket,
      '--app-name',
      'foo',
      '--cluster',
      'root.test',
      '--out',
      `file://${out}`,
      '--ttl',
      '1m',
    );
    expect(made).toMatchObject({ code: 0 });
    await curlReaches(out);

    expect((await readdir(out)).sort()).toEqual([
      '.write-test',
      'identity',
      'key',
      'key-cert.pub',
      'key.pub',
      'teleport-database-ca.crt',
      'teleport-host-ca.crt',
      'teleport-user-ca.crt',
      'tlscert',
    ]);
    for (const name of await readdir(out)) expect((await stat(join(out, name))).mode & 0o777).toBe(0o600);
    const identity = parseTlsIdentity(await readFile(join(out, 'tlscert'), 'utf8'));
    expect(identity).toMatchObject({ user: 'bot-ci', botName: 'ci', impersonator: 'bot-ci', disallowReissue: true });
    expect([...identity.roles].sort()).toEqual(['brief', 'deployer']);
  });

  test('through the web address of a proxy', async () => {
    const { agent, socket } = await startAgent(teleport.proxyAddress, []);
    await using _ = agent;
    const out = join(folder, 'out-proxy');
    expect(await generate(socket, '--app-name', 'foo', '--out', out, '--roles', 'deployer')).toMatchObject({ code: 0 });
    await curlReaches(out);
  });

  test('refusals keep apart what is denied, unknown and cut', async () => {
    const { agent, socket } = await startAgent(teleport.authAddress, ['--ca-pin', await teleport.caPin()]);
    await using _ = agent;
    const to = (name: string): string[] => ['--out', `file://${join(folder, name)}`];

    const outside = await generate(socket, '--app-name', 'foo', '--roles', 'auditor', ...to('refused'));
    expect(outside).toMatchObject({ code: 3 });
    expect(outside.stderr).toMatch(/^error: .*auditor/);

    const unknownApp = await generate(socket, '--app-name', 'nosuch', ...to('refused'));
    expect(unknownApp.code).toBe(1);
    expect(unknownApp.stderr).toMatch(/^error: there is no application "nosuch" in cluster root\.test/);

    // What closes the string of a careless predicate and lists everything.
    const injected = await generate(socket, '--app-name', 'x" || name != "', ...to('refused'));
    expect(injected.code).toBe(1);
    expect(injected.stderr).toMatch(/^error: there is no application/);

    const unknownCluster = await generate(socket, '--app-name', 'foo', '--cluster', 'nosuch.test', ...to('refused'));
    expect(unknownCluster.code).toBe(1);
    expect(unknownCluster.stderr).toMatch(/nosuch\.test/);
    await expect(stat(join(folder, 'refused'))).rejects.toThrow('ENOENT');

    const cut = await generate(socket, '--app-name', 'foo', '--roles', 'brief', '--ttl', '30m', ...to('cut'));
    expect(cut.code).toBe(0);
    expect(cut.stdout + cut.stderr).toMatch(/note: .*2m/);
    await curlReaches(join(folder, 'cut'));
  });

  test('renews itself, and comes back from its directory store without a token', async () => {
    const path = join(folder, 'store');
    const { agent, config, socket } = await startAgent(
      teleport.authAddress,
      ['--ca-pin', await teleport.caPin(), '--certificate-ttl', '2m', '--renewal-interval', '4s'],
      `type: directory\n  path: ${path}`,
    );
    const generation = async (): Promise<number> =>
      parseTlsIdentity(await readFile(join(path, 'tlscert'), 'utf8')).generation ?? 0;
    {
      await using _ = agent;
      await expect.poll(generation, { timeout: 40_000, interval: 200 }).toBeGreaterThanOrEqual(4);
      expect((await generate(socket, '--app-name', 'foo', '--out', join(folder, 'renewed'))).code).toBe(0);
      await curlReaches(join(folder, 'renewed'));
    }
    expect((await agent.finished).code).toBe(0);
    const before = await generation();

    await using again = new RunningProgram(process.execPath, [TBOT, 'start', '-c', config, '--join-method', 'token']);
    await again.printed(/\bready\b/);
    expect(await generation()).toBeGreaterThan(before);
    expect((await generate(socket, '--app-name', 'foo', '--out', join(folder, 'again'))).code).toBe(0);
    await curlReaches(join(folder, 'again'));
  });

  test('a wrong pin and a used token are told, with the right exit code', async () => {
    const config = join(folder, 'bad.yaml');
    await writeFile(config, `auth_server: ${teleport.authAddress}\nstore:\n  type: memory\nsockets: []\n`);
    const start = (...flags: string[]): ReturnType<typeof runProgram> =>
      runProgram(process.execPath, [TBOT, 'start', '-c', config, '--join-method', 'token', ...flags]);

    const pin = await start('--token', 'whatever', '--ca-pin', `sha256:${'0'.repeat(64)}`);
    expect(pin.stderr).toMatch(/error: .*pin/);
    expect(pin.code).not.toBe(0);

    const token = await start('--token', 'never-was-one', '--ca-pin', await teleport.caPin());
    expect(token.stderr).toMatch(/error: .*token/);
    expect(token.stderr).not.toContain('never-was-one');
    expect(token.code).toBe(3);
  });

  test('two copies of one store: the stale one is told that the bot is locked', async () => {
    await teleport.createBot('cloned', ['deployer']);
    // A bot of its own, since the lock hits every instance.
    const token = await teleport.createBotToken('cloned', 'cloned-token');
    const path = join(folder, 'cloned');
    const copy = join(folder, 'cloned-copy');
    const config = (store: string): string =>
      `auth_server: ${teleport.authAddress}\nstore:\n  type: directory\n  path: ${store}\nsockets: []\n`;
    await writeFile(join(folder, 'cloned.yaml'), config(path));
    await writeFile(join(folder, 'copy.yaml'), config(copy));
    const start = (name: string, ...flags: string[]): RunningProgram =>
      new RunningProgram(process.execPath, [
        TBOT,
        'start',
        '-c',
        join(folder, name),
        '--join-method',
        'token',
        ...flags,
      ]);
    {
      await using first = start('cloned.yaml', '--token', token, '--ca-pin', await teleport.caPin());
      await first.printed(/\bready\b/);
    }
    await runProgram('cp', ['-a', path, copy]);
    {
      await using second = start('cloned.yaml');
      await second.printed(/\bready\b/);
    }
    const stale = await start('copy.yaml').finished;
    expect(stale.stderr).toMatch(/lock/);
    expect(stale.stderr).toMatch(/bot-cloned/);
    expect(stale.stderr).toMatch(/new token/);
    expect(stale.code).toBe(5);
    // Lists come from a cache that follows a second behind.
    await expect.poll(() => teleport.tctl(['get', 'locks']), { timeout: 15_000 }).toContain('bot-cloned');
  });
});
