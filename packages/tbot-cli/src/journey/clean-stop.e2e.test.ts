import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Journey, rfdConfig, type StartedAgent, tbot, tbotInProcess } from '../../test-support/journey.ts';

// How an agent tells how it is, and how it ends.

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

test.each(['SIGTERM', 'SIGINT'] as const)('%s: a running call finishes, the sockets go, exit 0', async (signal) => {
  const { program, socket } = await journey.agent({ socket: journey.fresh('run/socket') });
  await using host = new SocketHost({ socket });
  await host.generateIdentity({ kind: 'application', name: 'foo' });
  journey.cluster.faults.next('GenerateUserCerts', { delayMs: 1000 });
  const call = host.generateIdentity({ kind: 'application', name: 'foo' });
  // Met by the call: it has arrived at the cluster, and waits there.
  await expect
    .poll(() => journey.cluster.faults.waiting('GenerateUserCerts'), { timeout: 10_000, interval: 5 })
    .toBe(0);
  program.kill(signal);
  await program.printed('stopping');
  // Nobody new is let in meanwhile.
  expect((await journey.generateInProcess(socket, journey.fresh('late'))).code).toBe(4);
  expect((await call).roles).toEqual(['role-a', 'role-b']);
  expect(await program.finished).toMatchObject({ code: 0, signal: null, stdout: '' });
  expect(program.stderr.trimEnd().split('\n').at(-1)).toContain('stopped');
  expect(readdirSync(dirname(socket))).toEqual([]);
});

describe('an agent with a store', () => {
  let store: string;
  let agent: StartedAgent;
  beforeAll(async () => {
    store = journey.fresh('store');
    agent = await journey.agent({ store, more: '  max_ttl: 10m' });
  });

  test('status: a table for people, JSON for programs', async () => {
    const { socket, bot } = agent;
    expect(await journey.generateInProcess(socket, journey.fresh('out'))).toMatchObject({ code: 0 });
    expect(await journey.generateInProcess(socket, journey.fresh('none'), ['--roles', 'role-c'])).toMatchObject({
      code: 3,
    });
    const [table, json] = await Promise.all([
      tbot(['status', '--socket', `unix://${socket}`]),
      tbotInProcess(['status', '--format', 'json'], { env: { TBOT_SOCKET: socket } }),
    ]);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(new RegExp(`^bot +${bot}, running$`, 'm'));
    expect(table.stdout).toMatch(
      new RegExp(`${socket} +role-a,role-b +identity,application,database,kubernetes +1 +1 +0 +[12] +0$`, 'm'),
    );
    expect(table.stdout).toContain('root.example');
    expect(json).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({
      agentVersion: '1.18.0',
      bot: { botName: bot, cluster: 'root.example', generation: 1 },
      sockets: [{ path: socket, roles: ['role-a', 'role-b'], issued: 1, refused: 1, failed: 0 }],
    });
  });

  test('a signal while it waits for its cluster ends it too: exit 0', async () => {
    agent.program.kill('SIGTERM');
    await agent.program.finished;
    const { program } = await journey.startAgent({ store, bot: agent.bot, token: null, address: '127.0.0.1:1' });
    await program.printed('nobody listens at 127.0.0.1:1');
    program.kill('SIGTERM');
    expect(await program.finished).toMatchObject({ code: 0, signal: null });
  });
});

test('validate: what the configuration means, and nothing is touched', async () => {
  const [path, socket] = [journey.fresh('tbot.yaml'), journey.fresh('never')];
  writeFileSync(
    path,
    rfdConfig({ address: 'root.tele.example.com:443', socket, store: '/never', more: '  max_ttl: 10m' }),
  );
  const verdict = await tbotInProcess(['validate', '-c', path]);
  expect(verdict).toMatchObject({ code: 0, stderr: '' });
  expect(verdict.stdout.split('\n').map((line) => line.trim())).toEqual([
    `ok: ${path}`,
    'auth_server   root.tele.example.com:443',
    'store         /never',
    'joining       by flags or from the store',
    'lifetimes     1h0m0s, renewed every 20m0s',
    `socket        ${socket}; roles role-a, role-b; mode 0600; ttl up to 10m0s`,
    '',
  ]);
  expect([existsSync(socket), existsSync('/never')]).toEqual([false, false]);
});

test('version, for people and for programs', async () => {
  const [text, json] = await Promise.all([tbot(['version']), tbotInProcess(['version', '--format', 'json'])]);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toMatch(/^tbot 1\.18\.\d+, for Teleport 18\.0\.0, Node \d+\.\d+\.\d+\n$/);
  expect(JSON.parse(json.stdout)).toEqual({
    version: text.stdout.split(/[ ,]/)[1],
    teleportApi: '18.0.0',
    node: process.versions.node,
  });
});

describe('help', () => {
  test.each([
    ['--help', 'Machine ID: an agent, and short-lived credentials from its socket.'],
    ['start --help', 'Run an agent: join, renew, serve the sockets of the configuration'],
    ['generate --help', 'Ask an agent for a short-lived credential: as files, printed, or for one command'],
    ['generate application --help', "A client certificate for one application behind the cluster's proxy"],
    ['generate identity --help', 'SSH and X.509 certificates for the roles'],
    ['generate database --help', "A client certificate for one database behind the cluster's proxy"],
    ['generate kubernetes --help', "A kubeconfig for one Kubernetes cluster behind the cluster's proxy"],
    ['status --help', 'Show how an agent is: its identity, its sockets, their last errors'],
    ['validate --help', 'Check a configuration file, and say what it means'],
    ['version --help', 'Show the version of this command and of the Teleport API that it speaks'],
  ])('tbot %s describes and gives an example', async (line, description) => {
    const help = await tbotInProcess(line.split(' '));
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(description);
    expect(help.stdout).toMatch(/\nExamples:\n {2}\S*tbot .+/);
    // An option without a word about it is of no use; one with another long name takes two lines.
    const bare = help.stdout
      .replace(/, .*\n +/g, ', ')
      .split('\n')
      .filter((text) => /^ +(?:-\w, )?--[a-z-]+ +\[/.test(text));
    expect(bare).toEqual([]);
  });

  test('the built program prints it too', async () => {
    const help = await tbot(['--help']);
    expect(help).toEqual(await tbotInProcess(['--help']));
  });
});
