import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { expect, test } from 'vitest';

/** Starts a bot, asks for a credential, and forgets to close it. */
const program = `
  import { Bot, MemoryDestination } from '@teleport-ts/tbot-core';
  const { address, token, webCa } = JSON.parse(process.argv[1]);
  const store = new MemoryDestination();
  const bot = await Bot.start({ proxyServer: address, onboarding: { token }, store, webCa: [webCa] });
  await bot.generateIdentity({ kind: 'application', name: 'foo' });
  while (bot.status().authorityWatch.state !== 'healthy') await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(bot.status().warmSessions);
`;

test('a program ends although its bot watches the cluster', async () => {
  await using cluster = await DevCluster.start();
  cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' } } });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  await cluster.addApplication({ name: 'foo' });
  const token = await cluster.createToken({ botName: 'ci' });
  const options = JSON.stringify({ address: cluster.proxyAddress, token, webCa: cluster.webCaPem });
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, options], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  expect(await Promise.all([text(child.stdout), once(child, 'exit')])).toEqual(['1\n', [0, null]]);
});
