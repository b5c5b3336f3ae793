import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Agent, createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { FakeClock } from '@teleport-ts/api-types/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test-support/bot-in-cluster.ts';
import type { Identity } from '../identity.ts';
import { MemoryHost } from '../testing/memory-host.ts';
import { tlsCertificatesOf } from '../trusted-authority.ts';
import { type KeptIdentity, keepIdentity } from './kept-identity.ts';

const grafana = { kind: 'application', name: 'grafana' } as const;
const MINUTE = 60_000;

let clock: FakeClock;
let host: MemoryHost;
let server: Server;
let kept: KeptIdentity;
/** Requests that the server does not answer until told. */
let waiting: (() => void)[];
let ca: string[];

beforeEach(async () => {
  // OpenSSL goes by the machine's time: what is issued in these 50 minutes is good for it.
  clock = new FakeClock(Date.now() - 50 * MINUTE);
  host = new MemoryHost({ clock, ttlMs: 60 * MINUTE, random: () => 0 });
  const { authorities } = await host.generateIdentity(grafana);
  ca = tlsCertificatesOf(authorities, 'host');
  waiting = [];
  server = createServer(host.serverOptions('localhost'), (call, answer) => {
    const { serialNumber } = (call.socket as TLSSocket).getPeerCertificate();
    const reused = (call.socket as TLSSocket).isSessionReused();
    const reply = (): unknown => answer.end(`${serialNumber.toLowerCase()} ${reused} ${call.socket.remotePort}`);
    if (call.url === '/wait') waiting.push(reply);
    else reply();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  kept = await keepIdentity(host, grafana, { clock, random: () => 0, tls: { ca } });
});
afterEach(async () => {
  await kept.close();
  await host.close();
  server.closeAllConnections();
  server.close();
});

const port = (): number => (server.address() as AddressInfo).port;

/** What the server saw: serial of the client's certificate, whether the TLS session was an old one, the client's port. */
async function visit(agent: Agent, path = '/'): Promise<{ serial: string; reused: string; port: string }> {
  const call = request({ port: port(), servername: 'localhost', path, agent });
  const [answer] = (await once(call.end(), 'response')) as [IncomingMessage];
  const [serial = '', reused = '', from = ''] = Buffer.concat(await answer.toArray())
    .toString()
    .split(' ');
  return { serial, reused, port: from };
}

/** Lets time go on, second by second, until `condition` holds; a key pair takes its real time in between. */
async function passUntil(condition: () => boolean): Promise<void> {
  for (let seconds = 0; !condition(); seconds++) {
    if (seconds > 300) throw new Error(`not within five minutes: ${condition}`);
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function renewal(): Promise<void> {
  const { serial } = kept.current;
  await clock.advance(39 * MINUTE);
  await passUntil(() => kept.current.serial !== serial);
}

test('new connections use the newest credential, idle ones of the last are dropped', async () => {
  const agent = kept.agent();
  const first = await visit(agent);
  expect(first).toEqual({ serial: kept.current.serial, reused: 'false', port: expect.any(String) });
  expect((await visit(agent)).port).toBe(first.port);
  await renewal();
  const second = await visit(agent);
  expect(second.serial).toBe(kept.current.serial);
  expect([second.serial === first.serial, second.port === first.port, second.reused]).toEqual([false, false, 'false']);
});

test('an open connection lives on, and is not used again', async () => {
  const agent = kept.agent({ maxSockets: 1 });
  const { serial } = kept.current;
  const long = visit(agent, '/wait');
  await until(() => waiting.length === 1);
  const behind = visit(agent);
  await renewal();
  waiting[0]!();
  expect((await long).serial).toBe(serial);
  expect((await behind).serial).toBe(kept.current.serial);
});

test('a secure context for whatever speaks TLS, one for each credential', async () => {
  const { secureContext } = kept;
  expect(kept.secureContext).toBe(secureContext);
  const socket = connect({ port: port(), host: '127.0.0.1', servername: 'localhost', secureContext });
  await once(socket, 'secureConnect');
  expect(socket.authorized).toBe(true);
  socket.destroy();
  await renewal();
  expect(kept.secureContext).not.toBe(secureContext);
});

test('listeners hear of each renewal until they leave, whatever another one does', async () => {
  const heard: string[] = [];
  kept.onRenewal(() => {
    throw new Error('not mine');
  });
  const leave = kept.onRenewal(({ serial }) => heard.push(serial));
  await renewal();
  leave();
  await renewal();
  expect(heard).toHaveLength(1);
  expect(kept.failure).toBeUndefined();
});

test('a rotation renews at once', async () => {
  const { serial } = kept.current;
  host.rotate('user', 'update_clients');
  await passUntil(() => kept.current.serial !== serial);
  expect(kept.current.expires.getTime() - clock.now()).toBeGreaterThan(59 * MINUTE);
});

test('what a server must prove follows the authorities of the cluster', async () => {
  const tls = ({ authorities }: Identity): { ca: string[] } => ({ ca: tlsCertificatesOf(authorities, 'host') });
  await using own = await keepIdentity(host, grafana, { clock, random: () => 0, tls });
  const agent = own.agent();
  const { serial } = own.current;
  expect((await visit(agent)).serial).toBe(serial);
  host.rotate('host');
  await passUntil(() => own.current.serial !== serial);
  await expect(visit(agent)).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  server.setSecureContext(host.serverOptions('localhost'));
  expect((await visit(agent)).serial).toBe(own.current.serial);
});

test('while renewals fail the last credential is used to its end; then requests say why, until there is another', async () => {
  const agent = kept.agent();
  host.faults.always('connection_problem');
  await clock.advance(45 * MINUTE);
  await until(() => kept.failure?.code === 'connection_problem');
  expect((await visit(agent)).serial).toBe(kept.current.serial);
  await clock.advance(20 * MINUTE);
  await expect(visit(agent)).rejects.toMatchObject({
    code: 'expired',
    message: expect.stringMatching(
      /^the credential ended at .* was not renewed: the test wants connection_problem here$/,
    ),
  });
  expect(() => kept.secureContext).toThrow('was not renewed');
  host.faults.clear();
  await passUntil(() => kept.failure === undefined);
  expect(kept.current.expires.getTime()).toBeGreaterThan(clock.now());
});

test('closing ends renewal and drops idle connections; what runs is finished', async () => {
  const agent = kept.agent();
  const running = visit(agent, '/wait');
  await until(() => waiting.length === 1);
  await kept.close();
  await kept.close();
  waiting[0]!();
  expect((await running).serial).toBe(kept.current.serial);
  await until(() => Object.keys(agent.sockets).length + Object.keys(agent.freeSockets).length === 0);
  expect(clock.timers).toBe(0);
});

test('a closed host is not asked again', async () => {
  await host.close();
  await clock.advance(39 * MINUTE);
  await passUntil(() => kept.failure?.code === 'canceled');
  expect(clock.timers).toBe(0);
});

test('a first failure and keys of one’s own are errors', async () => {
  host.faults.next('not_found');
  await expect(keepIdentity(host, grafana)).rejects.toMatchObject({ code: 'not_found' });
  await expect(keepIdentity(host, { ...grafana, keys: { tls: 'x' } })).rejects.toMatchObject({ code: 'bad_parameter' });
});
