import { type Client, connect } from '@teleport-ts/api-client';
import { getCurrentUser } from '@teleport-ts/api-client/users';
import { FakeClock } from '@teleport-ts/api-types/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BotInCluster, until } from '../../test-support/bot-in-cluster.ts';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';
import type { Bot } from '../bot.ts';
import { MemoryHost } from '../testing/memory-host.ts';
import { socketCredentials } from './socket-credentials.ts';
import { SocketHost } from './socket-host.ts';

// Clients of a cluster whose credentials come over a socket, from a bot of that cluster.

let bots: BotInCluster;
let bot: Bot;
let agent: StandInAgent;
let host: SocketHost;

beforeAll(async () => {
  bots = await BotInCluster.start();
  bot = await bots.joined();
  await until(() => bot.status().authorityWatch.state === 'healthy');
  const socket = bots.folder.join('agent.sock');
  const { proxyAddress, authAddress } = bots.cluster;
  agent = await StandInAgent.start(socket, bot, { proxyAddress, address: authAddress });
  host = new SocketHost({ socket, webCa: [bots.cluster.webCaPem] });
});
afterAll(async () => {
  await host.close();
  await agent[Symbol.asyncDispose]();
  await bots[Symbol.asyncDispose]();
});
beforeEach(() => bots.cluster.calls.clear());

const issued = (): number => bots.cluster.calls.count('GenerateUserCerts');

/** A client on the socket, and how often it said that its credential was reloaded. */
async function open(): Promise<{ client: Client; reloaded: () => number }> {
  const credentials = socketCredentials(host, { kind: 'identity', roles: ['deployer'] }, { clock: bots.clock });
  const client = await connect({ credentials, trust: { webCa: [bots.cluster.webCaPem] } });
  let count = 0;
  void (async () => {
    for await (const status of client.status()) {
      if (status.type === 'credentials' && status.event === 'reloaded') count++;
    }
  })();
  return { client, reloaded: () => count };
}

test('a client needs nothing but the socket, and one credential', async () => {
  const { client } = await open();
  expect((await getCurrentUser(client)).name).toBe('bot-ci');
  expect(issued()).toBe(1);
  await client.close();
});

test('a client moves to the next credential when there is one, and nobody renews for it after it is closed', async () => {
  const { client, reloaded } = await open();
  await until(() => agent.streams === 1);
  for (const phase of ['init', 'update_clients'] as const) await bots.cluster.rotate('user', phase);
  await bots.withTime(until(() => reloaded() === 1));
  expect((await getCurrentUser(client)).name).toBe('bot-ci');
  await client.close();
  await until(() => agent.streams === 0);
});

test('clientForIdentity goes by the socket too', async () => {
  const identity = await host.generateIdentity({ kind: 'identity' });
  await using client = await host.clientForIdentity(identity);
  expect((await getCurrentUser(client)).name).toBe('bot-ci');
  expect(await host.addresses()).toEqual([bots.cluster.proxyAddress, bots.cluster.authAddress]);
});

describe('on any host', () => {
  test('a credential is asked for once while it is young, however many ask', async () => {
    const clock = new FakeClock();
    await using memory = new MemoryHost({ clock, ttlMs: 3_600_000, random: () => 0 });
    const source = socketCredentials(memory, { kind: 'identity' }, { clock });
    const [one, other] = await Promise.all([source.current(), source.current()]);
    expect(one.serial).toBe(other.serial);
    expect((await source.current()).serial).toBe(one.serial);
    expect(await source.addresses!()).toEqual(['proxy.example.com:443']);
    await clock.advance(41 * 60_000);
    expect((await source.current()).serial).not.toBe(one.serial);
    expect(memory.issued).toHaveLength(2);
  });

  test('who listens is told of each renewal, until it leaves', async () => {
    const clock = new FakeClock();
    await using memory = new MemoryHost({ clock, random: () => 0 });
    const source = socketCredentials(memory, { kind: 'identity' }, { clock, random: () => 0 });
    const { serial } = await source.current();
    let told = 0;
    const leave = source.onChange!(() => told++);
    await until(() => clock.timers > 0);
    memory.rotate('user', 'update_clients');
    while (told === 0) {
      await clock.advance(1_000);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect((await source.current()).serial).not.toBe(serial);
    leave();
    await until(() => clock.timers === 0);
    expect(memory.issued).toHaveLength(2);
  });

  test('a failure is the host’s, and one’s own keys are an error', async () => {
    await using memory = new MemoryHost();
    memory.faults.next('access_denied');
    await expect(socketCredentials(memory).current()).rejects.toMatchObject({ code: 'access_denied' });
    expect(() => socketCredentials(memory, { kind: 'identity', keys: { tls: 'x' } })).toThrow('takes no public keys');
  });
});
