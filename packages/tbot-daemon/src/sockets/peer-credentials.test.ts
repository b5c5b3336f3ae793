import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPeerReader } from './peer-credentials.ts';

const readPeer = loadPeerReader();
const root = process.getuid?.() === 0;

async function peerOf(command: string, args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'peer-'));
  chmodSync(folder, 0o755);
  const path = join(folder, 's');
  const server = createServer();
  try {
    server.listen({ path, readableAll: true, writableAll: true });
    await once(server, 'listening');
    const program = `require('node:net').connect(${JSON.stringify(path)}).resume()`;
    const child = spawn(command, [...args, process.execPath, '-e', program], { stdio: 'inherit' });
    const [socket] = (await once(server, 'connection')) as [Socket];
    const peer = readPeer?.(socket);
    socket.destroy();
    await once(child, 'exit');
    return { peer, childPid: child.pid };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

test.runIf(readPeer)('names the user and the process at the other end', async () => {
  const { peer, childPid } = await peerOf('/usr/bin/env', []);
  expect(peer).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.(), pid: childPid });
});

test.runIf(readPeer && root)('names another user, with all of its groups', async () => {
  const groups = Array.from({ length: 100 }, (_, index) => 5000 + index);
  const { peer } = await peerOf('setpriv', ['--reuid', '4242', '--regid', '4243', '--groups', groups.join(',')]);
  expect(peer).toMatchObject({ uid: 4242, gid: 4243 });
  expect(peer?.groups).toEqual(groups);
});

test.runIf(readPeer)('says nothing about a socket that is closed', async () => {
  expect(readPeer?.({ _handle: null } as unknown as Socket)).toBeUndefined();
});
