import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { AuthServer, refusal } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { type Client, connect, loadTLS } from '../index.ts';

// biome-ignore lint/suspicious/noExplicitAny: a handler answers whatever its test needs
type Any = any;

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

async function serve(handlers: Record<string, Any>): Promise<{ server: AuthServer; client: Client } & AsyncDisposable> {
  const server = await AuthServer.start({ certificate, handlers });
  // One try: calls.test.ts tells what a call is, retries.test.ts how it is tried again.
  const client = await connect({ addresses: [server.address], credentials, retry: false });
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close({ graceMs: 0 });
      await server[Symbol.asyncDispose]();
    },
  };
}

const echoRole = (call: ServerUnaryCall<Any, Any>, answer: sendUnaryData<Any>): void => {
  answer(null, { Metadata: { Name: call.request.Name, Description: String(call.metadata.get('x-asked')) } });
};

describe('one answer', () => {
  test('by service and by name, with the fields that were given', async () => {
    await using it = await serve({ getRole: echoRole });
    const auth = it.client.service(AuthServiceDefinition);
    expect(it.client.service(AuthServiceDefinition)).toBe(auth);
    const role = await auth.getRole({ Name: 'deployer' }, { metadata: { 'x-asked': 'politely' } });
    expect(role.Metadata).toMatchObject({ Name: 'deployer', Description: 'politely' });
    const again = await it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'viewer' });
    expect(again.Metadata).toMatchObject({ Name: 'viewer', Description: '' });
  });

  test.each([
    [status.NOT_FOUND, 'role x is not found', 'not_found', false],
    [status.PERMISSION_DENIED, 'access denied', 'access_denied', false],
    [status.FAILED_PRECONDITION, 'resource revision does not match', 'compare_failed', false],
    [status.RESOURCE_EXHAUSTED, 'slow down', 'limit_exceeded', true],
    [status.UNAVAILABLE, 'backend is restarting', 'connection_problem', true],
  ])('status %i is a TeleportError that names the call', async (code, details, expected, retryable) => {
    await using it = await serve({ getRole: (_: Any, answer: sendUnaryData<Any>) => answer(refusal(code, details)) });
    await expect(it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' })).rejects.toMatchObject({
      code: expected,
      message: details,
      rpc: '/proto.AuthService/GetRole',
      retryable,
    });
  });

  test('an aborted call gives the signal’s reason, and the server hears of it', async () => {
    const heard = resolvers();
    const arrived = resolvers();
    await using it = await serve({
      getRole: (call: ServerUnaryCall<Any, Any>) => {
        call.on('cancelled', () => heard.resolve(undefined));
        arrived.resolve(undefined);
      },
    });
    const reason = new Error('no longer needed');
    const controller = new AbortController();
    const calling = it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' }, { signal: controller.signal });
    await arrived.promise;
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
    await heard.promise;
    const late = it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' }, { signal: controller.signal });
    await expect(late).rejects.toBe(reason);
  });

  test('a call past its limit is a timeout, not an abort', async () => {
    await using it = await serve({ getRole: () => {} });
    await expect(
      it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' }, { timeoutMs: 20 }),
    ).rejects.toMatchObject({ code: 'timeout', retryable: true, rpc: '/proto.AuthService/GetRole' });
  });

  test('a call without a limit of its own gets the client’s', async () => {
    const clock = new FakeClock();
    const arrived = resolvers();
    await using server = await AuthServer.start({
      certificate,
      handlers: { getRole: () => arrived.resolve(undefined) },
    });
    await using client = await connect({
      addresses: [server.address],
      credentials,
      clock,
      timeouts: { callMs: 5_000 },
    });
    const quick = client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' });
    const late = expect(quick).rejects.toMatchObject({
      code: 'timeout',
      message: 'no answer within 5000 ms',
      rpc: '/proto.AuthService/GetRole',
    });
    await arrived.promise;
    await clock.advance(4_999);
    await expect(client.ping()).resolves.toMatchObject({ clusterName: 'root.test' });
    const patient = client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' }, { timeoutMs: 0 });
    const ended = expect(patient).rejects.toMatchObject({ code: 'canceled' });
    await clock.advance(1);
    await late;
    await clock.advance(60_000);
    await client.close({ graceMs: 0 });
    await ended;
    expect(clock.timers).toBe(0);
  });

  test('an answer above gRPC’s 4 MiB arrives', async () => {
    const big = 'x'.repeat(6 * 1024 * 1024);
    await using it = await serve({
      getRole: (_: Any, answer: sendUnaryData<Any>) => answer(null, { Metadata: { Description: big } }),
    });
    const role = await it.client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' });
    expect(role.Metadata?.Description).toHaveLength(big.length);
  });
});

describe('many answers', () => {
  test('come one by one, and the end ends the loop', async () => {
    await using it = await serve({
      getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
        for (const Name of ['a', 'b', 'c']) call.write({ Metadata: { Name } });
        call.end();
      },
    });
    const names = [];
    for await (const role of it.client.service(AuthServiceDefinition).getCurrentUserRoles({})) {
      names.push(role.Metadata?.Name);
    }
    expect(names).toEqual(['a', 'b', 'c']);
  });

  test('a reader that pauses holds the server back', async () => {
    const total = 4_000;
    let written = 0;
    const description = 'x'.repeat(10_000);
    await using it = await serve({
      getCurrentUserRoles: async (call: ServerWritableStream<Any, Any>) => {
        for (; written < total; written += 1) {
          if (!call.write({ Metadata: { Description: description } })) {
            await new Promise((resolve) => call.once('drain', resolve));
          }
        }
        call.end();
      },
    });
    const roles = it.client.service(AuthServiceDefinition).getCurrentUserRoles({})[Symbol.asyncIterator]();
    await roles.next();
    // Calls on the same connection go round while the stream stands still.
    for (let turn = 0; turn < 20; turn += 1) await it.client.ping();
    const whilePaused = written;
    expect(whilePaused).toBeLessThan(total / 4);
    let read = 1;
    while (!(await roles.next()).done) read += 1;
    expect(read).toBe(total);
  });

  test('leaving the loop cancels the call', async () => {
    const heard = resolvers();
    await using it = await serve({
      getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
        call.on('cancelled', () => heard.resolve(undefined));
        call.write({ Metadata: { Name: 'first' } });
      },
    });
    for await (const role of it.client.service(AuthServiceDefinition).getCurrentUserRoles({})) {
      expect(role.Metadata?.Name).toBe('first');
      break;
    }
    await heard.promise;
  });

  test('an abort ends it with the signal’s reason, an error with the status', async () => {
    const arrived = resolvers();
    await using it = await serve({
      getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
        call.write({ Metadata: { Name: 'first' } });
        arrived.resolve(undefined);
      },
      streamSessionEvents: (call: ServerWritableStream<Any, Any>) => {
        call.emit('error', refusal(status.PERMISSION_DENIED, 'not yours'));
      },
    });
    const reason = new Error('enough');
    const controller = new AbortController();
    const auth = it.client.service(AuthServiceDefinition);
    const reading = (async () => {
      for await (const _ of auth.getCurrentUserRoles({}, { signal: controller.signal }));
    })();
    await arrived.promise;
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    const refused = (async () => {
      for await (const _ of auth.streamSessionEvents({}));
    })();
    await expect(refused).rejects.toMatchObject({
      code: 'access_denied',
      message: 'not yours',
      rpc: '/proto.AuthService/StreamSessionEvents',
    });
  });

  test('a lost connection ends it with an error, never silently', async () => {
    const arrived = resolvers();
    await using it = await serve({
      getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
        call.write({ Metadata: { Name: 'first' } });
        arrived.resolve(undefined);
      },
    });
    const reading = (async () => {
      for await (const _ of it.client.service(AuthServiceDefinition).getCurrentUserRoles({}));
    })();
    await arrived.promise;
    it.server.cut();
    await expect(reading).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
  });
});

function resolvers(): { promise: Promise<unknown>; resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
