import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BotInCluster } from '../test-support/bot-in-cluster.ts';
import { StandInAgent } from '../test-support/stand-in-agent.ts';

// The programs of the README as somebody would run them who has copied them: each a process of its own, that stands on the
// built package and ends by itself.

const here = fileURLToPath(new URL('..', import.meta.url));

let bots: BotInCluster;
let agent: StandInAgent;
let programs: string[];
let environment: Record<string, string>;

beforeAll(async () => {
  bots = await BotInCluster.start();
  const { cluster, folder } = bots;
  const dev = { team: 'dev' };
  const allow = { appLabels: dev, kubernetesLabels: dev, nodeLabels: dev, logins: ['root'] };
  cluster.upsertRole({ name: 'deployer', allow });
  await cluster.addApplication({ name: 'grafana', labels: dev });
  cluster.addKubernetesCluster({ name: 'prod', labels: dev });
  cluster.addNode({ hostname: 'node-1', labels: dev });
  const socket = folder.join('ci.sock');
  const { proxyAddress, authAddress } = cluster;
  agent = await StandInAgent.start(socket, await bots.joined(), { proxyAddress, address: authAddress });
  await writeFile(folder.join('web-ca.pem'), cluster.webCaPem);
  const tokenPath = folder.join('join-token');
  await writeFile(tokenPath, await bots.token());
  environment = { NODE_EXTRA_CA_CERTS: folder.join('web-ca.pem') };
  const text = await readFile(`${here}/README.md`, 'utf8');
  programs = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) =>
    code
      .replaceAll('/run/tbot/ci.sock', socket)
      .replaceAll('https://grafana.example.com/', `https://${proxyAddress}/`)
      .replaceAll('/opt/machine-id', folder.path)
      .replaceAll('/var/lib/my-bot', folder.join('my-bot'))
      .replaceAll('/run/secrets/join-token', tokenPath)
      .replaceAll('teleport.example.com:443', proxyAddress),
  );
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await bots[Symbol.asyncDispose]();
});

/** Runs the program that uses this name, to its own end or until it has printed what is waited for. */
async function run(name: string, enough?: RegExp): Promise<{ output: string; code: number | null }> {
  const code = programs.find((text) => text.includes(name));
  if (code === undefined) throw new Error(`no program of the README uses ${name}`);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: here,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
      if (enough?.test(output)) child.kill();
    });
  }
  const [exitCode] = await once(child, 'close');
  return { output, code: exitCode };
}

test('asks a socket and calls an application', async () => {
  const { output, code } = await run('new https.Agent(');
  expect([code, JSON.parse(output).caller]).toEqual([0, { user: 'bot-ci', roles: ['deployer'], bot: 'ci' }]);
});

test('keeps a credential for https, in ten lines, and does not live on for it', async () => {
  const { output, code } = await run('grafana.agent()');
  expect([code, JSON.parse(output).caller]).toEqual([0, { user: 'bot-ci', roles: ['deployer'], bot: 'ci' }]);
  expect(
    programs
      .find((text) => text.includes('grafana.agent()'))!
      .trim()
      .split('\n').length,
  ).toBeLessThanOrEqual(10);
});

test('is a client of the cluster that lives on a socket, in ten lines', async () => {
  expect(await run('socketCredentials(')).toEqual({ output: 'node-1\n', code: 0 });
  expect(
    programs
      .find((text) => text.includes('socketCredentials('))!
      .trim()
      .split('\n').length,
  ).toBeLessThanOrEqual(10);
});

test('watches, and lives on for it', async () => {
  const { output } = await run('host.watchIdentity(', /\n/);
  expect(output).toMatch(/^[0-9a-f]{20,} until \d{4}-.*Z\n$/);
});

test('writes the files that tbot writes', async () => {
  const { output, code } = await run('openDestination(');
  expect([code, output]).toEqual([0, expect.stringContaining("'tlscert'")]);
  expect(await readFile(bots.folder.join('grafana', 'tlscert'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
});

test('is a bot of its own', async () => {
  expect(await run('Bot.start(')).toEqual({ output: 'running grafana.localhost\n', code: 0 });
});

test('is tested with a host in memory', async () => {
  expect(await run('new MemoryHost(')).toEqual({ output: '', code: 0 });
});
