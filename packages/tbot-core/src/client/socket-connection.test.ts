import { once } from 'node:events';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StandInAgent } from '../../test-support/stand-in-agent.ts';
import { MemoryHost } from '../testing/memory-host.ts';
import { SocketHost } from './socket-host.ts';

// How the client of a socket comes to its agent, and what it says when it does not.

const memory = new MemoryHost();
let directory: string;
let socket: string;
let agent: StandInAgent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-socket-host-'));
  socket = join(directory, 'agent.sock');
  agent = await serve(socket);
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

function serve(at: string): Promise<StandInAgent> {
  return StandInAgent.start(at, memory, { cluster: 'root.example' });
}

async function failureOf(step: Promise<unknown>): Promise<TeleportError> {
  const error = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTeleportError(error)) throw new Error(`expected a TeleportError, got ${String(error)}`);
  return error;
}

describe('an agent that cannot be reached', () => {
  test('no socket: how to start the agent', async () => {
    await using host = new SocketHost({ socket: join(directory, 'missing.sock') });
    expect(await failureOf(host.describe())).toMatchObject({
      code: 'connection_problem',
      message: `there is no socket at ${directory}/missing.sock`,
      hint: expect.stringContaining('tbot start -c tbot.yaml'),
    });
  });

  test('a socket that nobody listens on, and a file that is none', async () => {
    const left = join(directory, 'left.sock');
    const listener = createServer();
    await once(listener.listen(left), 'listening');
    await rename(left, `${left}.kept`);
    listener.close();
    await rename(`${left}.kept`, left);
    await using dead = new SocketHost({ socket: left });
    expect(await failureOf(dead.describe())).toMatchObject({
      code: 'connection_problem',
      message: `nobody is listening on ${left}`,
      hint: expect.stringContaining('not running'),
    });
    const file = join(directory, 'file');
    await writeFile(file, '');
    await using none = new SocketHost({ socket: file });
    expect(await failureOf(none.describe())).toMatchObject({
      code: 'bad_parameter',
      message: `${file} is not a socket`,
    });
  });

  test.skipIf(process.getuid?.() !== 0)('a socket of somebody else: whose it is, and who we are', async () => {
    await chmod(directory, 0o755);
    await chmod(socket, 0o600);
    process.seteuid!(65534);
    try {
      await using host = new SocketHost({ socket });
      const error = await failureOf(host.describe());
      expect(error.code).toBe('access_denied');
      expect(error.message).toMatch(
        /may not connect to .*: it belongs to user 0, group 0, with mode 0600; .* user 65534/,
      );
    } finally {
      process.seteuid!(0);
    }
  });

  test.each([
    ['', 'the path is empty'],
    ['tcp://127.0.0.1:1', 'the scheme tcp:// is not supported'],
    ['unix://relative', 'the path is not absolute'],
    [`/${'x'.repeat(107)}`, "the path is 108 bytes long, and a unix socket's path has at most 107"],
  ])('%j is no socket', (text, why) => {
    expect(() => new SocketHost({ socket: text })).toThrow(why);
  });
});

test('a restarted agent is reached again by the same host', async () => {
  const at = join(directory, 'restarted.sock');
  const first = await serve(at);
  await using host = new SocketHost({ socket: at });
  await host.describe();
  await first[Symbol.asyncDispose]();
  await failureOf(host.describe());
  const second = await serve(at);
  expect((await host.describe()).cluster).toBe('root.example');
  await second[Symbol.asyncDispose]();
});

test('closing ends the calls that wait, also on a peer that never says a word, and may be repeated', async () => {
  const at = join(directory, 'mute.sock');
  const mute = createServer((peer) => peer.resume());
  await once(mute.listen(at), 'listening');
  const host = new SocketHost({ socket: at });
  const connected = once(mute, 'connection');
  const failure = failureOf(host.describe());
  await connected;
  await host.close();
  expect((await failure).code).toBe('connection_problem');
  await host.close();
  expect((await failureOf(host.describe())).code).toBe('canceled');
  mute.close();
  await once(mute, 'close');
});
