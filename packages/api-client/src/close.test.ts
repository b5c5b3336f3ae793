import type { sendUnaryData } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { heldResources, leakedSince } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { AuthServer } from '../test-support/auth-server.ts';
import { TestPki } from '../test-support/pki.ts';
import { connect, loadTLS } from './index.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

/** A server whose `getRole` answers when it is told to. */
async function holdingServer(): Promise<{
  server: AuthServer;
  asked: Promise<void>;
  answer: () => void;
}> {
  let arrived = (): void => {};
  let send: sendUnaryData<object> = () => {};
  const asked = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const getRole = (_call: unknown, answer: sendUnaryData<object>): void => {
    send = answer;
    arrived();
  };
  const server = await AuthServer.start({ certificate, handlers: { getRole } });
  return { server, asked, answer: () => send(null, { Metadata: { Name: 'late' } }) };
}

test('running calls finish, later ones are refused, twice is harmless', async () => {
  const { server, asked, answer } = await holdingServer();
  await using _ = server;
  const client = await connect({ addresses: [server.address], credentials });
  const running = client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' });
  await asked;
  const closing = client.close();
  expect(client.close()).toBe(closing);
  await expect(client.ping()).rejects.toMatchObject({ code: 'canceled', message: 'the client is closed' });
  const late = client.service(AuthServiceDefinition).getCurrentUserRoles({})[Symbol.asyncIterator]();
  await expect(late.next()).rejects.toMatchObject({ code: 'canceled' });
  answer();
  await expect(running).resolves.toMatchObject({ Metadata: { Name: 'late' } });
  await closing;
  await client.close();
  expect(server.sockets.size).toBe(0);
});

test('calls that take longer than the grace are ended', async () => {
  const { server, asked } = await holdingServer();
  await using _ = server;
  const client = await connect({ addresses: [server.address], credentials });
  const running = client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' });
  await asked;
  const ended = expect(running).rejects.toMatchObject({ code: 'canceled', rpc: '/proto.AuthService/GetRole' });
  await client.close({ graceMs: 0 });
  await ended;
});

test('an open stream is ended with an error when the client is closed', async () => {
  await using server = await AuthServer.start({ certificate, handlers: { getCurrentUserRoles: () => {} } });
  const client = await connect({ addresses: [server.address], credentials });
  const roles = client.service(AuthServiceDefinition).getCurrentUserRoles({})[Symbol.asyncIterator]();
  const next = expect(roles.next()).rejects.toMatchObject({ code: 'canceled' });
  await client.close({ graceMs: 0 });
  await next;
});

test('failed connects leave nothing behind', async () => {
  const stranger = loadTLS(new TestPki('other.test').user());
  await using server = await AuthServer.start({ certificate });
  const once = (): Promise<unknown> =>
    connect({ addresses: [server.address], credentials: stranger }).then(
      () => Promise.reject(new Error('connected')),
      (error: unknown) => error,
    );
  await once();
  const before = heldResources();
  for (let round = 0; round < 20; round += 1) await once();
  await untilNone(server);
  expect(leakedSince(before)).toEqual({});
});

/** The server hears of the end a few turns of the event loop later. */
async function untilNone(server: AuthServer): Promise<void> {
  while (server.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
}
