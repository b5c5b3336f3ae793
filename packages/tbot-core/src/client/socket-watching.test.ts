import { generateKeyPairSync } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/api-types/testing';
import { TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../test-support/bot-in-cluster.ts';
import { destinationHostContract } from '../../test-support/destination-host-contract.ts';
import { withPassingTime } from '../../test-support/passing-time.ts';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';
import type { Identity } from '../identity.ts';
import { MemoryHost } from '../testing/memory-host.ts';
import { SocketHost } from './socket-host.ts';

// The client of the socket against a server of another make, behind which stands a host in memory.

let folder: TemporaryDirectory;
let sockets = 0;

beforeAll(async () => {
  folder = await TemporaryDirectory.create();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

const grafana = { kind: 'application', name: 'grafana' } as const;
const nextPath = (): string => folder.join(`${++sockets}.sock`);

function ownKeys(): { readonly tls: string } {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { tls: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

destinationHostContract('SocketHost', async () => {
  const clock = new FakeClock();
  const memory = new MemoryHost({ roles: ['tester'], names: ['grafana', 'orders', 'prod'], clock });
  const directory = await TemporaryDirectory.create();
  const socket = directory.join('agent.sock');
  const agent = await StandInAgent.start(socket, memory);
  const make = (): SocketHost => new SocketHost({ socket, clock });
  const host = make();
  return {
    host,
    another: async () => make(),
    cluster: 'example.com',
    role: 'tester',
    names: { application: 'grafana', database: 'orders', kubernetes: 'prod' },
    rotate: async (phase) => memory.rotate('user', phase),
    withTime: (work) => withPassingTime(clock, work),
    async [Symbol.asyncDispose]() {
      await host.close();
      await agent[Symbol.asyncDispose]();
      await memory.close();
      await directory[Symbol.asyncDispose]();
    },
  };
});

test("one's own keys are renewed by the agent, on one stream", async () => {
  const clock = new FakeClock();
  await using memory = new MemoryHost({ clock });
  const socket = nextPath();
  await using agent = await StandInAgent.start(socket, memory);
  await using host = new SocketHost({ socket });
  const keys = ownKeys();
  const watched = host.watchIdentity({ ...grafana, keys })[Symbol.asyncIterator]();
  const { value: first } = await watched.next();
  expect(memory.requests).toEqual([expect.objectContaining({ keys })]);
  const renewed = watched.next();
  memory.rotate('user', 'update_clients');
  const { value: second } = await withPassingTime(clock, renewed);
  expect(second!.serial).not.toBe(first!.serial);
  expect(second!.privateKey).toBeUndefined();
  expect([agent.streams, agent.knownSerials]).toEqual([1, ['']]);
  await watched.return!();
  await until(() => agent.streams === 0);
});

test('a stream that breaks off goes on with the serial that its reader holds, as long as the credential lives', async () => {
  const clock = new FakeClock();
  await using memory = new MemoryHost({ clock });
  const socket = nextPath();
  const first = await StandInAgent.start(socket, memory);
  const warnings: string[] = [];
  const note = (): void => {};
  const logger = { debug: note, info: note, error: note, warn: (_: object, text: string) => warnings.push(text) };
  await using host = new SocketHost({ socket, logger, clock });
  const watched = host.watchIdentity({ ...grafana, keys: ownKeys() })[Symbol.asyncIterator]();
  const { value: held } = await watched.next();
  const next = watched.next();
  await first[Symbol.asyncDispose]();
  await until(() => warnings.length > 0);
  await using second = await StandInAgent.start(socket, memory);
  expect((await withPassingTime(clock, next)).value).toBeDefined();
  expect(second.knownSerials).toEqual([(held as Identity).serial]);
  expect(warnings).toContain('the stream of credentials broke off');
  await watched.return!();
});

test('what the agent refuses for good ends the stream; what no agent says is a failure too', async () => {
  const clock = new FakeClock();
  await using memory = new MemoryHost({ clock });
  const socket = nextPath();
  const agent = await StandInAgent.start(socket, memory);
  await using host = new SocketHost({ socket });
  const watched = host.watchIdentity({ ...grafana, keys: ownKeys() })[Symbol.asyncIterator]();
  await watched.next();
  const next = watched.next();
  memory.faults.always(new TeleportError('bad_parameter', 'no longer'));
  memory.rotate('user', 'update_clients');
  await expect(withPassingTime(clock, next)).rejects.toMatchObject({ code: 'bad_parameter', message: 'no longer' });
  const listening = host.listenForRotation()[Symbol.asyncIterator]().next();
  await until(() => agent.streams === 1);
  await agent[Symbol.asyncDispose]();
  await expect(listening).rejects.toMatchObject({ code: 'connection_problem' });
});

test('a rotation is told with what its holder needs to know', async () => {
  await using memory = new MemoryHost();
  const socket = nextPath();
  await using agent = await StandInAgent.start(socket, memory);
  await using host = new SocketHost({ socket });
  const rotations = host.listenForRotation()[Symbol.asyncIterator]();
  const first = rotations.next();
  await until(() => agent.streams === 1);
  memory.rotate('host');
  const told = [(await first).value, (await rotations.next()).value, (await rotations.next()).value];
  expect(told.map((step) => step!.phase)).toEqual(['init', 'update_clients', 'update_servers']);
  expect(told[0]).toEqual({ type: 'host', cluster: 'example.com', phase: 'init', reason: expect.any(String) });
  await rotations.return!();
  await until(() => agent.streams === 0);
});

test('who watches with fresh keys hears of rotations again when the agent is back', async () => {
  const clock = new FakeClock();
  await using memory = new MemoryHost({ clock });
  const socket = nextPath();
  const first = await StandInAgent.start(socket, memory);
  await using host = new SocketHost({ socket, clock, random: () => 0 });
  const watched = host.watchIdentity(grafana)[Symbol.asyncIterator]();
  const { value: held } = await watched.next();
  const next = watched.next();
  await until(() => first.streams === 1);
  await first[Symbol.asyncDispose]();
  await using second = await StandInAgent.start(socket, memory);
  await withPassingTime(
    clock,
    until(() => second.streams === 1),
  );
  memory.rotate('user', 'update_clients');
  const { value: renewed } = await withPassingTime(clock, next);
  expect(renewed!.serial).not.toBe(held!.serial);
  expect(renewed!.privateKeyPem).not.toBe(held!.privateKeyPem);
  await watched.return!();
  await until(() => second.streams === 0);
});
