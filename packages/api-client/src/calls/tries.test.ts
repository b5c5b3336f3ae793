import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import { AuthServer, refusal } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { until } from '../../test-support/until.ts';
import { type CallPolicy, type Client, connect, loadTLS } from '../index.ts';

// biome-ignore lint/suspicious/noExplicitAny: a handler answers whatever its test needs
type Any = any;

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());
const down = refusal(status.UNAVAILABLE, 'backend is restarting');

interface Scene extends AsyncDisposable {
  readonly client: Client;
  readonly clock: FakeClock;
  /** Calls that arrived. */
  readonly arrived: () => number;
  /** Waits that began: each draws its length. */
  readonly waits: () => number;
}

/** A server whose first `failures` calls fail and whose later ones are answered, or not; waits are as long as the jitter lets them be. */
async function scene(
  failures: number,
  policy: CallPolicy = {},
  failure: Any = down,
  { silent = false } = {},
): Promise<Scene> {
  let arrived = 0;
  const answers = (answer: sendUnaryData<Any>, value: object): void => {
    arrived += 1;
    if (arrived <= failures) answer(failure);
    else if (!silent) answer(null, value);
  };
  const clock = new FakeClock();
  let waits = 0;
  const random = (): number => {
    waits += 1;
    return 1;
  };
  const server = await AuthServer.start({
    certificate,
    handlers: {
      getRole: (call: ServerUnaryCall<Any, Any>, answer: sendUnaryData<Any>) =>
        answers(answer, { Metadata: { Name: call.request.Name } }),
      upsertRoleV2: (call: ServerUnaryCall<Any, Any>, answer: sendUnaryData<Any>) => answers(answer, call.request.Role),
      generateUserCerts: (_: Any, answer: sendUnaryData<Any>) => answers(answer, {}),
      getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
        arrived += 1;
        if (arrived > failures) {
          call.write({ Metadata: { Name: 'first' } });
          call.end();
        } else call.emit('error', failure);
      },
    },
  });
  const client = await connect({ addresses: [server.address], credentials, clock, random, ...policy });
  return {
    client,
    clock,
    arrived: () => arrived,
    waits: () => waits,
    async [Symbol.asyncDispose]() {
      await client.close({ graceMs: 0 });
      await server[Symbol.asyncDispose]();
    },
  };
}

const get = (client: Client, options = {}) => client.unary(AuthServiceDefinition, 'getRole', { Name: 'x' }, options);

describe('a call that only reads', () => {
  test('is tried again after waits that double', async () => {
    await using it = await scene(3);
    const { clock, client, arrived, waits } = it;
    const calling = get(client);
    for (const [before, waitMs] of [100, 200, 400].entries()) {
      await until(() => waits() === before + 1);
      await clock.advance(waitMs - 1);
      expect(arrived()).toBe(before + 1);
      await clock.advance(1);
    }
    await expect(calling).resolves.toMatchObject({ Metadata: { Name: 'x' } });
    expect(arrived()).toBe(4);
  });

  test('fails with the last failure when all tries have', async () => {
    await using it = await scene(99, { retry: { attempts: 3, baseMs: 0 } });
    const { timers } = it.clock;
    const calling = get(it.client);
    calling.catch(() => {});
    for (let tried = 1; tried < 3; tried += 1) {
      await until(() => it.waits() === tried);
      await it.clock.advance(0);
    }
    await expect(calling).rejects.toMatchObject({ code: 'connection_problem', message: 'backend is restarting' });
    expect(it.arrived()).toBe(3);
    // That of the limit, which all calls share.
    expect(it.clock.timers).toBe(timers + 1);
  });

  test.each([
    ['a refusal', refusal(status.PERMISSION_DENIED, 'access denied'), 'access_denied'],
    ['an expired certificate', refusal(status.UNAVAILABLE, 'remote error: tls: expired certificate'), 'expired'],
    ['a foreign certificate', refusal(status.UNAVAILABLE, 'unknown certificate authority'), 'connection_problem'],
    ['a refused version', refusal(status.PERMISSION_DENIED, 'client version is unsupported'), 'version_mismatch'],
    ['a lock', refusal(status.PERMISSION_DENIED, 'lock targeting User:"x" is in force: no'), 'locked'],
    [
      'a page too large',
      refusal(status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max'),
      'limit_exceeded',
    ],
    ['an unknown fault', refusal(status.UNKNOWN, 'parsing expression'), 'unknown'],
  ])('is not tried again after %s', async (_, failure, code) => {
    await using it = await scene(99, {}, failure);
    await expect(get(it.client)).rejects.toMatchObject({ code, retryable: false });
    expect(it.arrived()).toBe(1);
  });

  test.each([
    ['the client', { retry: false } as const, {}],
    ['the call', {}, { retry: false }],
    ['the call, as one try', {}, { retry: { attempts: 1 } }],
    ['the call, as not idempotent', {}, { idempotent: false }],
  ])('is tried once when %s says so', async (_, policy, options) => {
    await using it = await scene(99, policy);
    await expect(get(it.client, options)).rejects.toMatchObject({ code: 'connection_problem' });
    expect(it.arrived()).toBe(1);
  });

  test('ends with the reason of its signal while it waits, and leaves no timer', async () => {
    await using it = await scene(99);
    const { timers } = it.clock;
    const controller = new AbortController();
    const calling = get(it.client, { signal: controller.signal });
    calling.catch(() => {});
    await until(() => it.waits() === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(calling).rejects.toBe(reason);
    expect(it.clock.timers).toBe(timers + 1);
  });

  test('ends at once when the client is closed while it waits', async () => {
    await using it = await scene(99);
    const calling = get(it.client);
    calling.catch(() => {});
    await until(() => it.waits() === 1);
    await it.client.close();
    await expect(calling).rejects.toMatchObject({ code: 'canceled', message: 'the client is closed' });
    expect(it.clock.timers).toBe(0);
  });
});

describe('the limit of a call', () => {
  test('covers all tries: one that can only be late is not waited for', async () => {
    await using it = await scene(99);
    const calling = get(it.client, { timeoutMs: 250 });
    calling.catch(() => {});
    await until(() => it.waits() === 1);
    await it.clock.advance(100);
    await expect(calling).rejects.toMatchObject({ code: 'connection_problem', message: 'backend is restarting' });
    expect(it.arrived()).toBe(2);
  });

  test('is what is left of it for a later try, and the timeout tells the earlier failure', async () => {
    await using it = await scene(1, {}, down, { silent: true });
    const calling = get(it.client, { timeoutMs: 130 });
    calling.catch(() => {});
    await until(() => it.waits() === 1);
    await it.clock.advance(100);
    await until(() => it.arrived() === 2);
    await it.clock.advance(30);
    await expect(calling).rejects.toMatchObject({
      code: 'timeout',
      message: 'no answer within 130 ms: backend is restarting',
      cause: { code: 'connection_problem' },
    });
  });
});

describe('a call that does something', () => {
  test('is not tried again, unless the caller knows that it may be', async () => {
    await using it = await scene(1);
    const role = { Role: { Metadata: { Name: 'x' } } };
    await expect(it.client.unary(AuthServiceDefinition, 'upsertRoleV2', role)).rejects.toMatchObject({
      code: 'connection_problem',
      retryable: true,
    });
    expect(it.arrived()).toBe(1);
    await using other = await scene(1);
    const calling = other.client.unary(AuthServiceDefinition, 'upsertRoleV2', role, { idempotent: true });
    await until(() => other.waits() === 1);
    await other.clock.advance(100);
    await expect(calling).resolves.toMatchObject(role.Role);
    expect(other.arrived()).toBe(2);
  });

  test('certificates are issued once, come what may: a second time locks a bot', async () => {
    await using it = await scene(99, { retry: { attempts: 9, baseMs: 0 } });
    await expect(
      it.client.unary(AuthServiceDefinition, 'generateUserCerts', { Username: 'bot-ci' }, { retry: { attempts: 9 } }),
    ).rejects.toMatchObject({ code: 'connection_problem' });
    expect(it.arrived()).toBe(1);
  });
});

describe('a stream', () => {
  const read = async (client: Client): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const role of client.service(AuthServiceDefinition).getCurrentUserRoles({})) {
      found.push(role.Metadata?.Name);
    }
    return found;
  };

  test('is opened again as long as nothing has come of it', async () => {
    await using it = await scene(2);
    const reading = read(it.client);
    for (const [before, waitMs] of [100, 200].entries()) {
      await until(() => it.waits() === before + 1);
      await it.clock.advance(waitMs);
    }
    expect(await reading).toEqual(['first']);
    expect(it.arrived()).toBe(3);
  });

  test('that breaks after an answer is the reader’s to resume', async () => {
    const server = await AuthServer.start({
      certificate,
      handlers: {
        getCurrentUserRoles: (call: ServerWritableStream<Any, Any>) => {
          call.write({ Metadata: { Name: 'first' } }, () => call.emit('error', down));
        },
      },
    });
    await using _ = server;
    await using client = await connect({ addresses: [server.address], credentials });
    await expect(read(client)).rejects.toMatchObject({ code: 'connection_problem', message: 'backend is restarting' });
  });
});

test('after a restart of the server the tries of all calls together stay few', async () => {
  const calls = 600;
  await using it = await scene(Number.POSITIVE_INFINITY, {
    breaker: false,
    retry: { baseMs: 0, budget: { burst: 50 } },
  });
  const settled = Promise.allSettled(Array.from({ length: calls }, () => get(it.client)));
  let done = false;
  void settled.then(() => {
    done = true;
  });
  while (!done) await it.clock.advance(0);
  expect((await settled).every(({ status: outcome }) => outcome === 'rejected')).toBe(true);
  // 50 at first, of which each call puts back a tenth.
  expect(it.arrived()).toBeGreaterThanOrEqual(calls + 50);
  expect(it.arrived()).toBeLessThanOrEqual(calls + 50 + calls / 10);
});

describe('the circuit breaker of a client', () => {
  test('stops calls, tells of it in the status, and lets them through again', async () => {
    await using it = await scene(10, { retry: false });
    const statuses = it.client.status()[Symbol.asyncIterator]();
    expect((await statuses.next()).value).toMatchObject({ type: 'ready', serverVersion: '18.0.0' });
    for (let call = 0; call < 10; call += 1)
      await expect(get(it.client)).rejects.toMatchObject({ message: 'backend is restarting' });
    await expect(get(it.client)).rejects.toMatchObject({
      code: 'connection_problem',
      message: expect.stringContaining('none is sent until'),
      cause: { message: 'backend is restarting' },
    });
    expect(it.arrived()).toBe(10);
    expect((await statuses.next()).value).toMatchObject({ type: 'breaker', endpoint: 'unary', state: 'tripped' });
    await it.clock.advance(60_000);
    for (let call = 0; call < 3; call += 1) await get(it.client);
    expect((await statuses.next()).value).toMatchObject({ type: 'breaker', endpoint: 'unary', state: 'standby' });
  });

  test('does not mind refusals, nor calls that their callers gave up', async () => {
    await using it = await scene(99, {}, refusal(status.NOT_FOUND, 'role x is not found'));
    for (let call = 0; call < 20; call += 1) await expect(get(it.client)).rejects.toMatchObject({ code: 'not_found' });
    await using quiet = await scene(99, { retry: false }, down);
    for (let call = 0; call < 20; call += 1) {
      const controller = new AbortController();
      const calling = get(quiet.client, { signal: controller.signal });
      controller.abort(new Error('not needed'));
      await expect(calling).rejects.toThrow('not needed');
    }
    await expect(get(quiet.client)).rejects.toMatchObject({ message: 'backend is restarting' });
  });

  test('is one for calls with one answer and one for streams, and can be turned off', async () => {
    await using it = await scene(30, { retry: false });
    for (let call = 0; call < 10; call += 1) await expect(get(it.client)).rejects.toBeDefined();
    const stream = it.client.service(AuthServiceDefinition).getCurrentUserRoles({});
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ message: 'backend is restarting' });
    await using off = await scene(30, { retry: false, breaker: false });
    for (let call = 0; call < 30; call += 1) await expect(get(off.client)).rejects.toBeDefined();
    await expect(get(off.client)).resolves.toBeDefined();
  });
});

test.each([
  [{ retry: { attempts: 0 } }, 'retry.attempts is 0'],
  [{ breaker: { failureShare: 2 } }, 'breaker.failureShare is 2; it must be above 0 and at most 1'],
  [{ breaker: { windowMs: Number.NaN } }, 'breaker.windowMs is NaN'],
])('senseless numbers are refused before anything is dialed: %j', async (policy, message) => {
  const dialed = connect({ addresses: ['127.0.0.1:1'], credentials, ...policy });
  await expect(dialed).rejects.toMatchObject({ code: 'bad_parameter', message: expect.stringContaining(message) });
});

test('those of a call before it is sent', async () => {
  await using it = await scene(0);
  await expect(get(it.client, { retry: { attempts: -1 } })).rejects.toMatchObject({ code: 'bad_parameter' });
  expect(it.arrived()).toBe(0);
});
