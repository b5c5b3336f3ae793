import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { type Finished, type ProgramOptions, RunningProgram, runProgram } from '@teleport-ts/dev-cluster/testing';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const tbot = fileURLToPath(new URL('../dist/tbot.cjs', import.meta.url));
const root = process.getuid?.() === 0;

let cluster: DevCluster;
let home: string;
let folder: string;
let socket: string;
const ending: (() => unknown)[] = [];
/** Everything that any agent of this file has printed. */
let printed = '';
const tokens: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'agent-e2e-'));
  cluster = await DevCluster.start({ name: 'root.example', dataDir: join(home, 'cluster') });
  cluster.upsertRole({ name: 'role-a', allow: { appLabels: { '*': '*' } } });
  cluster.upsertRole({ name: 'role-b', allow: { appLabels: { '*': '*' } } });
  await cluster.addApplication({ name: 'foo' });
});
afterAll(async () => {
  await cluster.stop();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-'));
  chmodSync(folder, 0o755);
  socket = join(folder, 'my/tbot/socket');
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  cluster.faults.clear();
  rmSync(folder, { recursive: true, force: true });
});

let bots = 0;
/** A bot of this test's own: a lock on it is nobody else's trouble. */
async function newBot(): Promise<{ name: string; user: string; token: () => Promise<string> }> {
  const name = `ci-${++bots}`;
  await cluster.upsertBot({ name, roles: ['role-a', 'role-b'] });
  return {
    name,
    user: `bot-${name}`,
    token: async () => {
      const token = await cluster.createToken({ botName: name });
      tokens.push(token);
      return token;
    },
  };
}

/** The configuration of the RFD, with address, path and store replaced. */
function rfdConfig(address = cluster.authAddress, store = 'type: memory', more = ''): string {
  const path = join(folder, 'tbot.yaml');
  writeFileSync(
    path,
    `auth_server: ${address}\nstore:\n  ${store}\nsockets:\n- path: file://${socket}\n  roles: ["role-a", "role-b"]\n${more}`,
  );
  return path;
}

const directory = (): string => `type: directory\n  path: ${join(folder, 'store')}`;
const environment = { NODE_OPTIONS: undefined, TBOT_SOCKET: undefined };

function startAgent(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const agent = new RunningProgram(process.execPath, [tbot, 'start', ...args], {
    ...options,
    env: { ...environment, ...options.env },
  });
  ending.push(async () => {
    await agent[Symbol.asyncDispose]();
    printed += agent.output;
  });
  return agent;
}

function run(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  return runProgram(process.execPath, [tbot, ...args], { ...options, env: { ...environment, ...options.env } });
}

const joining = (token: string): string[] => [
  '--token',
  token,
  '--join-method',
  'token',
  '--ca-pin',
  cluster.caPins[0]!,
];
const generate = (out: string, more: readonly string[] = []): Promise<Finished> =>
  run([
    'generate',
    '--socket',
    socket,
    'application',
    '--app-name',
    'foo',
    '--out',
    `file://${out}`,
    '--ttl',
    '1m',
    ...more,
  ]);

async function running(args: readonly string[], options?: ProgramOptions): Promise<RunningProgram> {
  const agent = startAgent(args, options);
  await agent.printed('ready');
  return agent;
}

describe('the configuration of the RFD, joining by flags', () => {
  test.each([
    ['an auth service', () => cluster.authAddress],
    ['a proxy', () => cluster.proxyAddress],
  ])('runs against %s', async (_what, address) => {
    const bot = await newBot();
    const env = { NODE_EXTRA_CA_CERTS: cluster.webCaPath };
    const agent = await running(['-c', rfdConfig(address()), ...joining(await bot.token())], { env });
    expect((lstatSync(socket).mode & 0o777).toString(8)).toBe('600');
    const made = await generate(join(folder, 'out'), ['--cluster', 'root.example']);
    expect(made).toMatchObject({ code: 0 });
    expect(readdirSync(join(folder, 'out'))).toEqual(expect.arrayContaining(['key', 'tlscert']));

    const refused = await generate(join(folder, 'none'), ['--roles', 'role-a,role-c']);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toBe(
      'error: this socket does not allow the role "role-c"\nhint: it allows: role-a, role-b\n',
    );

    const status = await run(['status', '--socket', socket]);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toMatch(new RegExp(`^bot +${bot.name}, running$`, 'm'));
    expect(status.stdout).toMatch(/role-a,role-b +1 +1 +0$/m);
    const json = JSON.parse((await run(['status', '--socket', socket, '--format', 'json'])).stdout);
    expect(json).toMatchObject({
      agentVersion: '1.18.0',
      bot: { botName: bot.name, generation: 1 },
      sockets: [{ issued: 1 }],
    });

    agent.kill('SIGTERM');
    expect(await agent.finished).toMatchObject({ code: 0, signal: null, stdout: '' });
    expect(agent.stderr).toContain('stopped');
    expect(existsSync(socket)).toBe(false);
    const late = await generate(join(folder, 'late'));
    expect(late.code).toBe(4);
    expect(late.stderr).toContain('hint: start the agent with `tbot start');
  });

  test('SIGINT ends it in order, a running call included', async () => {
    const bot = await newBot();
    const agent = await running(['-c', rfdConfig(), ...joining(await bot.token()), '--log-format', 'json']);
    await using host = new SocketHost({ socket });
    await host.generateIdentity({ kind: 'application', name: 'foo' });
    cluster.faults.next('GenerateUserCerts', { delayMs: 1000 });
    const call = host.generateIdentity({ kind: 'application', name: 'foo' });
    // On the same connection: its answer means that the call before it has arrived.
    await host.status();
    agent.kill('SIGINT');
    expect((await call).roles).toContain('role-a');
    expect(await agent.finished).toMatchObject({ code: 0 });
    for (const line of agent.stderr.trim().split('\n')) JSON.parse(line);
    expect(existsSync(socket)).toBe(false);
  });
});

async function waitFor(found: () => Promise<boolean>, timeoutMs = 10_000): Promise<boolean> {
  for (const until = Date.now() + timeoutMs; Date.now() < until; ) {
    if (await found()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

describe('what keeps an agent from starting', () => {
  const failed = async (args: readonly string[]) => {
    const finished = await startAgent(args).finished;
    return {
      code: finished.code,
      stderr: finished.stderr
        .split('\n')
        .filter((line) => /^(error|hint): /.test(line))
        .join('\n'),
    };
  };

  test('a wrong configuration is exit 2, with line and column', async () => {
    const path = rfdConfig(undefined, undefined, '  rols: [a]\n');
    const { code, stderr } = await failed(['-c', path]);
    expect(code).toBe(2);
    expect(stderr).toContain(`error: ${path}:7:3: sockets[0]`);
    expect(await run(['validate', '-c', path])).toMatchObject({ code: 2, stdout: '', stderr: `${stderr}\n` });
  });

  test('a wrong option or a missing file is exit 2', async () => {
    expect((await failed(['-c', join(folder, 'missing.yaml')])).code).toBe(2);
    expect((await failed(['-c', rfdConfig(), '--tokn', 'x'])).code).toBe(2);
    expect((await failed(['-c', rfdConfig(), '--join-method', 'magic'])).code).toBe(2);
    expect((await failed(['-c', rfdConfig(), '--ca-pin', 'sha256:short'])).code).toBe(2);
  });

  test('a foreign token is exit 3, at once', async () => {
    const { code, stderr } = await failed(['-c', rfdConfig(), ...joining('no-such-token')]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: .*token/);
  });

  test('a wrong pin is told, at once', async () => {
    const bot = await newBot();
    const { code, stderr } = await failed([
      '-c',
      rfdConfig(),
      '--token',
      await bot.token(),
      '--ca-pin',
      `sha256:${'0'.repeat(64)}`,
    ]);
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringMatching(/^error: .*pin/) });
  });

  test('a cluster that is away is exit 4 for who has to join', async () => {
    const { code, stderr } = await failed(['-c', rfdConfig('127.0.0.1:1'), ...joining('some-token')]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: .*127\.0\.0\.1:1/);
  });

  test('a regular file, a long path, an unsafe folder', async () => {
    const bot = await newBot();
    const args = ['-c', rfdConfig(), ...joining(await bot.token())];
    socket = join(folder, 'file');
    writeFileSync(socket, 'precious');
    rfdConfig();
    expect(await failed(args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${socket} is in the way of the socket`),
    });
    expect(readFileSync(socket, 'utf8')).toBe('precious');
    socket = join(folder, 'x'.repeat(110));
    rfdConfig();
    expect(await failed(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(`${socket}": the path is`) });
    chmodSync(folder, 0o777);
    socket = join(folder, 's');
    rfdConfig();
    expect(await failed(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('no socket is safe there') });
    chmodSync(folder, 0o755);
    await running(args);
  });

  test('an agent that runs already, while the first goes on', async () => {
    const bot = await newBot();
    const args = ['-c', rfdConfig(undefined, directory())];
    await running([...args, ...joining(await bot.token())]);
    expect(await failed(args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`error: another process is listening on the socket ${socket}`),
    });
    expect((await generate(join(folder, 'out'))).code).toBe(0);
  });

  test('a memory store at its second start', async () => {
    const bot = await newBot();
    const args = ['-c', rfdConfig()];
    const token = await bot.token();
    const agent = await running([...args, ...joining(token)]);
    expect(agent.stderr).toContain('after a restart the bot must join again, which needs a new token');
    agent.kill('SIGTERM');
    await agent.finished;
    expect(await failed(args)).toMatchObject({
      stderr: expect.stringContaining('hint: a memory store forgets at each restart'),
    });
    const used = await failed([...args, ...joining(token)]);
    expect(used).toMatchObject({ code: 3 });
  });
});

test('a bot that is locked ends the agent with exit 5, and says which locks must go', async () => {
  const bot = await newBot();
  const agent = await running(['-c', rfdConfig(), ...joining(await bot.token())]);
  cluster.lock({ user: bot.user });
  const refused = await generate(join(folder, 'out'));
  expect([3, 5]).toContain(refused.code);
  expect(await agent.finished).toMatchObject({ code: 5 });
  expect(agent.stderr).toMatch(new RegExp(`^error: .*${bot.user}`, 'm'));
  expect(agent.stderr).toMatch(/^hint: .*tctl get locks/m);
});

test.runIf(root)('another user is kept out by the file system, and by `allow` where that lets it in', async () => {
  const bot = await newBot();
  const other = (args: readonly string[]) =>
    runProgram('setpriv', ['--reuid', '4242', '--regid', '4242', '--clear-groups', process.execPath, tbot, ...args], {
      env: environment,
    });
  const asOther = () =>
    other([
      'generate',
      '--socket',
      socket,
      'application',
      '--app-name',
      'foo',
      '--out',
      join('/tmp', 'unused-by-other'),
    ]);
  socket = join(folder, 'tbot.sock');
  const agent = await running(['-c', rfdConfig(), ...joining(await bot.token())]);
  const byFile = await asOther();
  expect(byFile).toMatchObject({ code: 3, stderr: expect.stringContaining(socket) });
  agent.kill();
  await agent.finished;

  const narrowed = rfdConfig(undefined, undefined, '  mode: "0666"\n  allow: [{ user: root }]\n');
  await running(['-c', narrowed, ...joining(await bot.token())]);
  expect(await asOther()).toMatchObject({ code: 3, stderr: 'error: you may not use this socket\n' });
  expect((await generate(join(folder, 'out'))).code).toBe(0);
});

describe('kill -9', () => {
  test('at any moment leaves no torn store: the agent comes back without a token, or its bot is locked', async () => {
    const rounds = process.env.SOAK ? 500 : 4;
    const bot = await newBot();
    const args = ['-c', rfdConfig(undefined, directory()), '--renewal-interval', '1s'];
    let fresh: string[] = joining(await bot.token());
    let back = 0;
    let locked = 0;
    for (let round = 0; round < rounds; round++) {
      const agent = startAgent([...args, ...fresh]);
      const started = await Promise.race([
        agent.printed('ready').then(
          () => true,
          () => false,
        ),
        agent.finished.then(() => false),
      ]);
      if (started) {
        fresh = [];
        if (round > 0) back += 1;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000));
        agent.kill('SIGKILL');
        await agent.finished;
        // The next one is killed while it starts and renews, too.
        const starting = startAgent(args);
        await Promise.race([
          new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1200)),
          starting.finished,
        ]);
        starting.kill('SIGKILL');
        const end = await starting.finished;
        if (end.code === null) continue;
      }
      const ended = started ? await startAgent(args).finished : await agent.finished;
      expect(ended).toMatchObject({ code: 5, stderr: expect.stringMatching(/^error: .*lock/m) });
      expect(ended.stderr).toMatch(/^hint: .*tctl rm lock\/.*new token/m);
      locked += 1;
      for (const lock of cluster.locks) cluster.unlock(lock.Metadata!.Name);
      fresh = joining(await bot.token());
    }
    expect(back + locked).toBeGreaterThan(0);
    if (process.env.SOAK) console.log(`kill -9: ${rounds} rounds, came back ${back} times, locked ${locked} times`);
  }, 600_000);

  test('between the count of the cluster and the answer locks the bot: exit 5, and a new token helps', async () => {
    const bot = await newBot();
    const args = ['-c', rfdConfig(undefined, directory())];
    const first = await running([...args, ...joining(await bot.token())]);
    first.kill('SIGTERM');
    await first.finished;
    // The cluster counts, and the answer is lost with the agent.
    cluster.faults.next('GenerateUserCerts', 'lost');
    const cut = startAgent(args);
    await waitFor(async () => cluster.calls.list('GenerateUserCerts').some(({ user }) => user === bot.user));
    cut.kill('SIGKILL');
    await cut.finished;

    const ended = await startAgent(args).finished;
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(new RegExp(`^error: .*${bot.user}.*`, 'm'));
    expect(ended.stderr).toMatch(/^hint: .*tctl get locks.*new token/m);

    expect(cluster.locks.length).toBeGreaterThan(0);
    for (const lock of cluster.locks) cluster.unlock(lock.Metadata!.Name);
    await running([...args, ...joining(await bot.token())]);
    expect((await generate(join(folder, 'out'))).code).toBe(0);
  });

  test('leaves a dead socket, which the next agent replaces', async () => {
    const bot = await newBot();
    const args = ['-c', rfdConfig(undefined, directory())];
    const agent = await running([...args, ...joining(await bot.token())]);
    agent.kill('SIGKILL');
    await agent.finished;
    expect(lstatSync(socket).isSocket()).toBe(true);
    await running(args);
    expect((await generate(join(folder, 'out'))).code).toBe(0);
  });
});

test('nothing that any agent printed holds a token or a key', () => {
  expect(printed.length).toBeGreaterThan(1000);
  expect(tokens.length).toBeGreaterThan(5);
  for (const token of tokens) expect(printed).not.toContain(token);
  expect(printed).not.toMatch(/PRIVATE KEY|-----BEGIN/);
});
