import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { flockLocker } from './flock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flock-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const lock = flockLocker();

test.runIf(lock)('one holds it at a time, and lets it go', async () => {
  const path = join(folder, 'lock');
  const first = await lock!(path);
  await expect(lock!(path)).rejects.toMatchObject({
    code: 'already_exists',
    message: `another tbot is running with this store: ${path} is locked`,
  });
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await (await lock!(path))[Symbol.asyncDispose]();
});

test.runIf(lock)('another process sees the same lock, and the kernel ends it with its holder', async () => {
  const path = join(folder, 'lock');
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await once(holder.stdout, 'data');
  await expect(lock!(path)).rejects.toMatchObject({ code: 'already_exists' });
  // The whole group: flock(1) and the command that it runs hold the lock together.
  process.kill(-holder.pid!, 'SIGKILL');
  await once(holder, 'close');
  await (await lock!(path))[Symbol.asyncDispose]();
});
