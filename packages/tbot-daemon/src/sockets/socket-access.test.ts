import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkAclTool, type SocketAccess } from './socket-access.ts';
import { listenOnSocketFile } from './socket-file.ts';

const root = process.getuid?.() === 0;
const acl = spawnSync('setfacl', ['--version']).status === 0;

let folder: string;
let server: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-access-'));
  chmodSync(folder, 0o755);
  server = createServer((socket) => socket.on('error', () => {}).end());
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(access: SocketAccess): Promise<string> {
  const path = join(folder, 's');
  await listenOnSocketFile(server, path, access);
  return path;
}

/** What another user meets who connects: `open`, or the error's code. */
async function connectAs(uid: number, gid: number, path: string): Promise<string> {
  const program = `require('node:net').connect(process.argv[1]).on('connect', () => { console.log('open'); process.exit() }).on('error', (error) => console.log(error.code))`;
  const args = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups', process.execPath, '-e', program, path];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text.trim();
}

test.runIf(root)('mode and group decide who may connect', async () => {
  const path = await listen({ mode: 0o660, groupGid: 4300 });
  expect(await connectAs(4200, 4300, path)).toBe('open');
  expect(await connectAs(4200, 4200, path)).toBe('EACCES');
});

test.runIf(root && acl)('readers may connect beside the owner, and nobody else', async () => {
  const path = await listen({ readers: [{ uid: 4200 }, { gid: 4300 }] });
  expect(await connectAs(4200, 4200, path)).toBe('open');
  expect(await connectAs(4201, 4300, path)).toBe('open');
  expect(await connectAs(4201, 4201, path)).toBe('EACCES');
});

test('readers without setfacl are refused, and no socket is left', async () => {
  const before = process.env.PATH;
  process.env.PATH = join(folder, 'nothing-here');
  try {
    const refusal = {
      code: 'bad_parameter',
      message: 'the socket has `readers`, but setfacl is not installed',
      hint: 'install the package acl, or use `group` and `mode` in place of `readers`',
    };
    await expect(checkAclTool()).rejects.toMatchObject(refusal);
    await expect(listen({ readers: [{ uid: 4200 }] })).rejects.toMatchObject(refusal);
    expect(existsSync(join(folder, 's'))).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    process.env.PATH = before;
  }
});
