import { FakeClock, heldResources, leakedSince } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuthServer } from '../../test-support/auth-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { until } from '../../test-support/until.ts';
import type { Client } from '../client.ts';
import { connect } from '../connect.ts';
import { loadTLS } from '../credentials/load-tls.ts';
import type { ClientStatus } from '../status/client-status.ts';

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());

let clock: FakeClock;
let client: Client;
let said: ClientStatus[];
let servers: AuthServer[];

beforeEach(async () => {
  clock = new FakeClock();
  said = [];
  servers = [await AuthServer.start({ certificate }), await AuthServer.start({ certificate })];
  const addresses = servers.map(({ address }) => address);
  client = await connect({ addresses, credentials, clock, retry: false, breaker: false, random: () => 0.5 });
  void (async () => {
    for await (const status of client.status()) said.push(status);
  })();
});

afterEach(async () => {
  await client.close({ graceMs: 0 });
  for (const server of servers) await server[Symbol.asyncDispose]();
});

const [first, second] = [() => servers[0] as AuthServer, () => servers[1] as AuthServer];
const types = (): string[] => said.map(({ type }) => type);
const failing = async (): Promise<unknown> => {
  for (;;) {
    const error = await client.ping().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error) return error;
  }
};

/** Lets time pass until something holds. */
async function passing(holds: () => boolean): Promise<void> {
  while (!holds()) await clock.advance(50);
}

test('a cut connection is made again on the same way, without a word', async () => {
  expect(client.connection.address).toBe(first().address);
  first().cut();
  await client.ping().catch(() => client.ping());
  expect(client.connection.address).toBe(first().address);
  expect(types()).not.toContain('reconnecting');
});

test('a server that does not come back is left for another one, by one shared attempt', async () => {
  await first()[Symbol.asyncDispose]();
  const errors = await Promise.all(Array.from({ length: 20 }, failing));
  expect(errors).toContainEqual(expect.objectContaining({ code: 'connection_problem', retryable: true }));
  await until(() => types().includes('reconnecting'));
  const waits = said.filter(({ type }) => type === 'reconnecting');
  expect(waits).toMatchObject([{ attempt: 1, delayMs: 250, cause: { code: 'connection_problem' } }]);
  const before = second().serials.length;
  await passing(() => client.connection.address === second().address);
  await client.ping();
  expect(second().serials.length - before).toBe(1);
  expect(said.filter(({ type }) => type === 'ready').at(-1)).toMatchObject({ address: second().address });
});

test('when nobody answers, attempts go on until somebody does', async () => {
  const { port } = first();
  await first()[Symbol.asyncDispose]();
  await second()[Symbol.asyncDispose]();
  await failing();
  const attempts = (): number[] => said.flatMap((status) => (status.type === 'reconnecting' ? [status.attempt] : []));
  await passing(() => attempts().length >= 4);
  expect(attempts().slice(0, 4)).toEqual([1, 2, 3, 4]);
  servers[0] = await AuthServer.start({ certificate, port });
  await passing(() => said.at(-1)?.type === 'ready');
  await client.ping();
});

test('closing while the connection is lost leaves nothing', async () => {
  const before = heldResources();
  const other = await connect({ addresses: [first().address], credentials, clock, retry: false, breaker: false });
  await first()[Symbol.asyncDispose]();
  const error = await (async () => {
    for (;;) {
      const reason = await other.ping().catch((caught: unknown) => caught);
      if (reason instanceof Error) return reason;
    }
  })();
  expect(error).toMatchObject({ code: 'connection_problem' });
  await other.close();
  await client.close();
  expect(clock.timers).toBe(0);
  expect(Object.keys(leakedSince(before)).filter((kind) => kind !== 'Immediate')).toEqual([]);
});
