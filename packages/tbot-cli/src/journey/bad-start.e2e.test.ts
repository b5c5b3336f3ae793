import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentOptions, Journey } from '../../test-support/journey.ts';

// What keeps an agent from starting: its exit code and what it tells.

let journey: Journey;
beforeAll(async () => {
  journey = await Journey.start();
});
afterAll(() => journey[Symbol.asyncDispose]());

const throughProxy = (): AgentOptions => ({
  address: journey.cluster.proxyAddress,
  env: { NODE_EXTRA_CA_CERTS: journey.cluster.webCaPath },
});
const WRONG_PIN = `sha256:${'0'.repeat(64)}`;

describe('joining is refused', () => {
  const token =
    /^error: the cluster does not accept the join token: it is not known there, has expired, or was used already\nhint: .*make a new one with `tctl bots instances add <bot>`, and check the address$/;
  const pin =
    /^error: no certificate authority of the cluster matches the CA pin\nhint: `tctl status` on the auth server prints the right pin; this server showed sha256:[0-9a-f]{64}, .*; the token was not used up$/;

  test('an expired token, a foreign one, at both doors: exit 3, and the token is not repeated', async () => {
    const expired = await journey.cluster.createToken({ botName: await journey.newBot(), expiresInMs: 1 });
    const refused = await Promise.all([
      journey.refusedAgent({ token: expired }),
      journey.refusedAgent({ token: 'a-foreign-token' }),
      journey.refusedAgent({ token: 'a-foreign-token', ...throughProxy() }),
    ]);
    for (const { code, told, stderr } of refused) {
      expect({ code, told }).toEqual({ code: 3, told: expect.stringMatching(token) });
      expect(stderr).not.toContain(expired);
      expect(stderr).not.toContain('a-foreign-token');
    }
  });

  test('a wrong CA pin, at both doors: exit 3', async () => {
    const name = await journey.newBot();
    const kept = await journey.cluster.createToken({ botName: name });
    const [direct, proxied] = await Promise.all([
      journey.refusedAgent({ bot: name, token: kept, caPin: WRONG_PIN }),
      journey.refusedAgent({ bot: name, token: kept, caPin: WRONG_PIN, ...throughProxy() }),
    ]);
    expect(direct).toMatchObject({ code: 3, told: expect.stringMatching(pin) });
    expect(proxied).toMatchObject({ code: 3, told: expect.stringMatching(pin) });
    // The pin comes first: the token is as good as before.
    await journey.agent({ bot: name, token: kept });
  });

  test('a proxy whose web certificate is not trusted: exit 4, and what to do about it', async () => {
    const { code, told } = await journey.refusedAgent({ address: journey.cluster.proxyAddress });
    expect({ code, told }).toEqual({
      code: 4,
      told: expect.stringMatching(/^error: .*the web certificate of .* is not trusted/),
    });
    expect(told).toMatch(/^hint: .*NODE_EXTRA_CA_CERTS/m);
  });

  test('nobody there: exit 4', async () => {
    const { code, told } = await journey.refusedAgent({ address: '127.0.0.1:1' });
    expect(code).toBe(4);
    expect(told).toBe(
      'error: cannot connect to Teleport at 127.0.0.1:1: nobody listens at 127.0.0.1:1 (ECONNREFUSED)\nhint: is the service running, and is the port right?',
    );
  });
});

describe('the place of the socket is not fit', () => {
  test('a regular file: exit 1, and it stays as it is', async () => {
    const socket = journey.fresh('precious');
    writeFileSync(socket, 'precious');
    expect(await journey.refusedAgent({ socket })).toMatchObject({
      code: 1,
      told: `error: ${socket} is in the way of the socket: it is a regular file\nhint: remove it, or choose another path; nothing but a dead socket is ever replaced`,
    });
    expect(readFileSync(socket, 'utf8')).toBe('precious');
  });

  test('a socket of another process: exit 1, and the other one goes on', async () => {
    const taken = journey.fresh('taken');
    const other = createServer((connection) => connection.on('error', () => {}).resume()).listen(taken);
    const running = await journey.agent();
    const refused = await Promise.all([
      journey.refusedAgent({ socket: taken }),
      journey.refusedAgent({ socket: running.socket }),
    ]);
    expect(refused).toMatchObject(
      [taken, running.socket].map((socket) => ({
        code: 1,
        told: `error: another process is listening on the socket ${socket}\nhint: is another tbot running? Stop it, or choose another path`,
      })),
    );
    expect(other.listening && existsSync(taken)).toBe(true);
    other.close();
    expect(await journey.generate(running.socket, journey.fresh('out'))).toMatchObject({ code: 0 });
  });

  test('a folder in which others may replace files: exit 2', async () => {
    const folder = await journey.newFolder('open');
    chmodSync(folder, 0o777);
    const { code, told } = await journey.refusedAgent({ socket: `${folder}/socket` });
    expect(code).toBe(2);
    expect(told).toContain(`error: everybody may replace files in the folder ${folder}: no socket is safe there`);
    expect(told).toContain(`chmod o-w ${folder}`);
  });

  test('a store that another agent uses: exit 1, and the other one goes on', async () => {
    const store = journey.fresh('store');
    const running = await journey.agent({ store });
    const { code, told } = await journey.refusedAgent({ store });
    expect(code).toBe(1);
    expect(told).toContain(`error: another tbot is running with this store: ${store}/lock is locked`);
    expect(await journey.generate(running.socket, journey.fresh('out'))).toMatchObject({ code: 0 });
  });
});

describe('clocks that are apart: exit 1, and by how much', () => {
  const skew =
    /^error: clock skew: the certificate(?: authority of the cluster)? is not yet valid, it begins 2h5\dm\d+s from now by the clock of this machine\nhint: set the clock of this machine: it says \d{4}-/;

  test('a certificate that is not yet valid', async () => {
    const clock = new FakeClock();
    await using ahead = await Journey.start({ clock });
    await clock.advance(3 * 3_600_000);
    const refused = await Promise.all([
      ahead.refusedAgent(),
      ahead.refusedAgent({
        address: ahead.cluster.proxyAddress,
        env: { NODE_EXTRA_CA_CERTS: ahead.cluster.webCaPath },
      }),
    ]);
    for (const { code, told } of refused) {
      expect({ code, told }).toEqual({ code: 1, told: expect.stringMatching(skew) });
    }
  });

  test('an authority that is not yet valid', async () => {
    await using ahead = await Journey.start({ clock: new FakeClock(Date.now() + 3 * 3_600_000 - 60_000) });
    const { code, told } = await ahead.refusedAgent();
    expect({ code, told }).toEqual({ code: 1, told: expect.stringMatching(skew) });
  });
});

test.each([
  ['17.5.0', 'upgrade the cluster to Teleport 18 or 19'],
  ['20.1.0', 'install @teleport-ts/tbot-cli@~1.20.0'],
])('a server of another major, %s: exit 1, both versions named, and the token not used up', async (version, hint) => {
  await using other = await Journey.start({ serverVersion: version });
  const refused = await Promise.all([
    other.refusedAgent(),
    other.refusedAgent({ address: other.cluster.proxyAddress, env: { NODE_EXTRA_CA_CERTS: other.cluster.webCaPath } }),
  ]);
  for (const { code, told } of refused) {
    expect(code).toBe(1);
    expect(told).toMatch(/^error: .*the server is Teleport /);
    expect(told).toContain(`Teleport ${version}; this client is for Teleport 18`);
    expect(told).toContain(hint);
  }
  expect(other.cluster.calls.count('RegisterUsingToken')).toBe(0);
});

test('a bot that is locked while it runs: exit 5, whose lock, and how to remove it', async () => {
  const { program, bot, socket } = await journey.agent();
  const lock = journey.cluster.lock({ user: `bot-${bot}` });
  await journey.generate(socket, journey.fresh('out'));
  const { code, stderr } = await program.finished;
  journey.cluster.unlock(lock);
  expect(code).toBe(5);
  expect(stderr).toMatch(new RegExp(`^error: .*bot-${bot}.* locked`, 'm'));
  expect(stderr).toMatch(/^hint: .*`tctl get locks`, then `tctl rm lock\/<name>`/m);
});
