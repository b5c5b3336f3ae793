import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Journey, tbot, tbotInProcess } from '../../test-support/journey.ts';

// What scripts and OpenSSH ask of an agent, with the built programs.

let journey: Journey;
let node: Server;

beforeAll(async () => {
  journey = await Journey.start({ leaves: [{ name: 'leaf.example', roleMap: { 'role-a': ['guest'] } }] });
  node = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('SSH-2.0-node\r\n');
    // What it hears comes back in capitals; a line of its own ends the connection.
    socket.on('data', (chunk: Buffer) => {
      socket.write(chunk.toString().toUpperCase());
      if (chunk.includes('bye')) socket.end();
    });
  });
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  const { port } = node.address() as AddressInfo;
  journey.cluster.addNode({ hostname: 'web-1', addr: `127.0.0.1:${port}` });
  const leaf = journey.cluster.leaf('leaf.example');
  leaf.upsertRole({ name: 'guest', allow: {} });
  leaf.addNode({ hostname: 'far-1', addr: `127.0.0.1:${port}` });
});
afterAll(async () => {
  node?.close();
  await journey?.[Symbol.asyncDispose]();
});

test('an agent is waited for, tells how it is, and carries a connection to a node', async () => {
  const socket = journey.fresh('socket');
  const waiting = tbot(['wait', '--socket', socket, '--timeout', '30s']);
  const late = await tbotInProcess(['wait', '--socket', socket, '--timeout', '100ms']);
  expect(late).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(`the agent at ${socket} was not ready within 0.1 s: there is no socket`),
  });
  await journey.agent({ socket });
  expect(await waiting).toMatchObject({ code: 0, stdout: `the agent at ${socket} is ready\n` });

  const status = await tbotInProcess(['status'], { env: { TBOT_SOCKET: socket } });
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toMatch(/^bot {11}ci-\d, running$/m);
  expect(status.stdout).toMatch(/^SOCKET +ROLES +KINDS +ISSUED .* LAST ERROR$/m);
  const json = await tbotInProcess(['status', '--socket', socket, '--format', 'json']);
  expect(JSON.parse(json.stdout)).toMatchObject({
    bot: { state: 'running', cluster: 'root.example', warmSessions: expect.any(Number) },
    sockets: [
      { path: socket, roles: ['role-a', 'role-b'], kinds: expect.arrayContaining(['application', 'identity']) },
    ],
  });

  const proxy = ['--proxy-server', journey.cluster.proxyAddress, '--tls-routing', '--no-connection-upgrade'];
  for (const node of [
    ['--host', 'web-1.root.example', '--user', 'root'],
    ['--host', 'far-1.leaf.example', '--cluster', 'leaf.example'],
  ]) {
    const args = ['ssh-proxy-command', '--socket', socket, ...proxy, ...node];
    expect(await tbot(args, { input: 'hello bye' })).toMatchObject({
      code: 0,
      stdout: 'SSH-2.0-node\r\nHELLO BYE',
      stderr: '',
    });
  }
  const nobody = await tbot(['ssh-proxy-command', '--socket', socket, ...proxy, '--host', 'web-2']);
  expect(nobody).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('error: there is no node "web-2" in cluster root.example'),
  });
});
