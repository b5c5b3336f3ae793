import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SocketAccess } from './socket-access.ts';
import { listenOnSocketFile } from './socket-file.ts';

let folder: string;
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-file-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(path: string, access: SocketAccess = {}) {
  const server = createServer((socket) => socket.on('error', () => {}).end('hello'));
  servers.push(server);
  return { server, file: await listenOnSocketFile(server, path, access) };
}

async function greeting(path: string): Promise<string> {
  const socket = connect({ path });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

/** Leaves a socket behind that nobody listens on, as a killed process does. */
async function deadSocket(path: string): Promise<void> {
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const child = spawn(process.execPath, ['-e', program, path], { stdio: 'inherit' });
  await once(child, 'exit');
  expect(lstatSync(path).isSocket()).toBe(true);
}

const mode = (path: string): string => (lstatSync(path).mode & 0o7777).toString(8);

describe('a new socket', () => {
  test('answers, is 0600 whatever the umask, and is all there is in its folder', async () => {
    const umask = process.umask(0);
    try {
      const path = join(folder, 'tbot.sock');
      await listen(path);
      expect(process.umask()).toBe(0);
      expect(mode(path)).toBe('600');
      expect(readdirSync(folder)).toEqual(['tbot.sock']);
      expect(await greeting(path)).toBe('hello');
    } finally {
      process.umask(umask);
    }
  });

  test('has its mode when it appears', async () => {
    const path = join(folder, 'tbot.sock');
    await listen(path, { mode: 0o660 });
    expect(mode(path)).toBe('660');
  });

  test('makes the missing folders above it', async () => {
    const path = join(folder, 'a/b/tbot.sock');
    await listen(path);
    expect(await greeting(path)).toBe('hello');
    expect(mode(join(folder, 'a')).endsWith('2') || mode(join(folder, 'a')).endsWith('7')).toBe(false);
  });

  test('may have a path of 107 bytes', async () => {
    const path = join(folder, 'x'.repeat(107 - Buffer.byteLength(folder) - 1));
    expect(Buffer.byteLength(path)).toBe(107);
    await listen(path);
    expect(await greeting(path)).toBe('hello');
  });

  test.runIf(process.getuid?.() === 0)('gets its owner and group', async () => {
    const path = join(folder, 'tbot.sock');
    await listen(path, { mode: 0o660, ownerUid: 4242, groupGid: 4243 });
    expect(lstatSync(path)).toMatchObject({ uid: 4242, gid: 4243 });
  });

  test('without the right to give it away is refused, and nothing is left', async () => {
    const path = join(folder, 'tbot.sock');
    const failing: SocketAccess = { ownerUid: -5 };
    await expect(listen(path, failing)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('what is in the way', () => {
  test('a dead socket is replaced', async () => {
    const path = join(folder, 'tbot.sock');
    await deadSocket(path);
    await listen(path);
    expect(await greeting(path)).toBe('hello');
    expect(readdirSync(folder)).toEqual(['tbot.sock']);
  });

  test('a live socket is left alone', async () => {
    const path = join(folder, 'tbot.sock');
    const { server } = await listen(path);
    server.removeAllListeners('connection');
    server.on('connection', (socket) => socket.on('error', () => {}).end('the first'));
    await expect(listen(path)).rejects.toMatchObject({
      code: 'already_exists',
      message: `another process is listening on the socket ${path}`,
      hint: 'is another tbot running? Stop it, or choose another path',
    });
    expect(await greeting(path)).toBe('the first');
  });

  test('a regular file, a folder and a symbolic link are left alone', async () => {
    const target = join(folder, 'target');
    writeFileSync(target, 'precious');
    mkdirSync(join(folder, 'folder'));
    symlinkSync(target, join(folder, 'link'));
    for (const [name, what] of [
      ['target', 'a regular file'],
      ['folder', 'a folder'],
      ['link', 'a symbolic link'],
    ] as const) {
      await expect(listen(join(folder, name))).rejects.toMatchObject({
        code: 'already_exists',
        message: `${join(folder, name)} is in the way of the socket: it is ${what}`,
      });
    }
    expect(readFileSync(target, 'utf8')).toBe('precious');
    expect(readdirSync(folder)).toEqual(['folder', 'link', 'target']);
  });

  test('of two that start at once on a dead socket one wins, and both know it', async () => {
    const path = join(folder, 'tbot.sock');
    for (let round = 0; round < 20; round++) {
      await deadSocketInProcess(path);
      const results = await Promise.allSettled([listen(path), listen(path), listen(path)]);
      const winners = results.filter((result) => result.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect(await greeting(path)).toBe('hello');
      expect(readdirSync(folder)).toEqual(['tbot.sock']);
      await winners[0]?.value.file.remove();
      expect(existsSync(path)).toBe(false);
      for (const server of servers.splice(0)) server.close();
    }
  });
});

/** A dead socket without a process of its own: a hard link keeps the file when the server takes its name away. */
async function deadSocketInProcess(path: string): Promise<void> {
  const made = `${path}.made`;
  const server = createServer();
  server.listen(made);
  await once(server, 'listening');
  linkSync(made, path);
  server.close();
  await once(server, 'close');
}

describe('an unsafe place', () => {
  test('a path of 108 bytes is refused', async () => {
    const path = join(folder, 'x'.repeat(108 - Buffer.byteLength(folder) - 1));
    await expect(listen(path)).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `the socket path ${path} has 108 bytes, 107 are possible`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that everybody may write to is refused, one with the sticky bit is not', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await expect(listen(join(open, 'tbot.sock'))).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `everybody may replace files in the folder ${open}: no socket is safe there`,
    });
    await expect(listen(join(open, 'below/tbot.sock'))).rejects.toMatchObject({ code: 'bad_parameter' });
    chmodSync(open, 0o1777);
    await listen(join(open, 'tbot.sock'));
  });
});

describe('removal', () => {
  test('takes the file away, once', async () => {
    const path = join(folder, 'tbot.sock');
    const { file, server } = await listen(path);
    expect(await file.isOurs()).toBe(true);
    await file.remove();
    await file.remove();
    server.close();
    await once(server, 'close');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('leaves the socket of another that took the name meanwhile', async () => {
    const path = join(folder, 'tbot.sock');
    const { file, server } = await listen(path);
    const other = await listen(join(folder, 'other.sock'));
    renameSync(join(folder, 'other.sock'), path);
    expect(await file.isOurs()).toBe(false);
    await file.remove();
    server.close();
    await once(server, 'close');
    expect(await greeting(path)).toBe('hello');
    expect(await other.file.isOurs()).toBe(false);
  });
});
