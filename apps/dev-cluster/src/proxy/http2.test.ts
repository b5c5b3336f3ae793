import { connect, type IncomingHttpHeaders } from 'node:http2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { rawTls } from '../testing/raw-connection.ts';
import { type Issued, WireBot } from '../testing/wire-bot.ts';
import type { DemoAnswer } from './demo-application.ts';

let cluster: DevCluster;
let bot: WireBot;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.test' });
  cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' } } });
  await cluster.addApplication({ name: 'foo' });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
});

afterAll(async () => {
  bot.client.close();
  await cluster.stop();
});

async function ask(path: string, identity?: Issued): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const socket = await rawTls({ to: cluster.proxyAddress, protocols: ['h2'], ...(identity && { identity }) });
  const session = connect('https://localhost', { createConnection: () => socket });
  const stream = session.request({ ':path': path, 'x-own': 'kept' });
  let headers: IncomingHttpHeaders = {};
  stream.on('response', (answer) => {
    headers = answer;
  });
  let body = '';
  for await (const part of stream) body += String(part);
  session.destroy();
  return { headers, body };
}

it('the web API is answered over HTTP/2', async () => {
  const { headers, body } = await ask('/webapi/find');
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/json' });
  expect(JSON.parse(body).cluster_name).toBe('root.test');
  expect((await ask('/nope')).headers[':status']).toBe(404);
});

it('so is an application', async () => {
  const identity = await bot.issue({
    RoleRequests: ['deployer'],
    UseRoleRequests: true,
    RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' },
  });
  const { headers, body } = await ask('/hello?x=1', identity);
  expect(headers).toMatchObject({ ':status': 200, 'content-type': 'application/json' });
  expect(JSON.parse(body) as DemoAnswer).toMatchObject({ method: 'GET', path: '/hello?x=1', caller: { bot: 'ci' } });
});
