import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryDestination } from './directory.ts';

// A process that is killed while it writes leaves a set that the next one makes whole. The processes run the built
// package, since a child of a test has no TypeScript.

const ROUNDS = process.env.SOAK ? 500 : 30;
const NAMES = ['.write-test', 'identity', 'key', 'below/key', 'tlscert', 'teleport-host-ca.crt'];
/** Part of the even sets, gone with the odd ones. */
const SOMETIMES = 'key-cert.pub';

/** Writes set after set, numbered from `first`, each file holding its number and enough to need several disk blocks. */
const WRITER = `
  const [built, path, first, killAt] = process.argv.slice(1);
  const { DirectoryDestination } = await import(built + 'directory.js');
  const { nodeFileSystem } = await import(built + 'file-system.js');
  let steps = 0;
  const counted = Object.fromEntries(Object.entries(nodeFileSystem).map(([name, step]) => [name, (...given) => {
    if (++steps === Number(killAt)) process.kill(process.pid, 'SIGKILL');
    return step(...given);
  }]));
  const destination = await DirectoryDestination.open(path, { fileSystem: counted });
  for (let number = Number(first); ; number++) {
    const files = Object.fromEntries(${JSON.stringify(NAMES)}.map((name) =>
      [name, name.endsWith('crt') ? 'authority' : (number + '\\n').repeat(2000)]));
    await destination.write({ ...files, ${JSON.stringify(SOMETIMES)}: number % 2 === 0 ? String(number) : null });
    process.stdout.write(number + '\\n');
  }
`;
const BUILT = new URL('../../dist/destinations/', import.meta.url).href;

let root: string;
let path: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tbot-crash-'));
  path = join(root, 'set');
});
afterEach(() => rm(root, { recursive: true, force: true }));

function startWriter(first: number, killAt: number): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', WRITER, '--', BUILT, path, `${first}`, `${killAt}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH },
    },
  );
  return child;
}

/** The number that all files of the set carry; fails for a mixed, torn or littered one. */
async function numberOnDisk(): Promise<number> {
  await DirectoryDestination.open(path);
  const entries = (await readdir(path, { recursive: true })).filter((entry) => entry !== 'below');
  const isThere = entries.includes(SOMETIMES);
  expect(entries.sort()).toEqual([...NAMES, ...(isThere ? [SOMETIMES] : [])].sort());
  const numbers = new Set<string>();
  for (const name of NAMES) {
    const text = await readFile(join(path, name), 'utf8');
    expect((await lstat(join(path, name))).mode & 0o777).toBe(0o600);
    if (name.endsWith('crt')) expect(text).toBe('authority');
    else for (const line of new Set(text.split('\n').slice(0, -1))) numbers.add(line);
    if (!name.endsWith('crt')) expect(text.length).toBe(2000 * (text.indexOf('\n') + 1));
  }
  expect(numbers.size).toBe(1);
  const number = Number([...numbers][0]);
  expect(isThere).toBe(number % 2 === 0);
  if (isThere) expect(await readFile(join(path, SOMETIMES), 'utf8')).toBe(String(number));
  return number;
}

async function endOf(child: ChildProcess): Promise<number> {
  let reported = '';
  child.stdout?.on('data', (chunk) => {
    reported += String(chunk);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return Number(reported.trimEnd().split('\n').at(-1) || Number.NaN);
}

test(
  `${ROUNDS} writers killed at any step each leave the old set or the new one, whole`,
  async () => {
    await (await DirectoryDestination.open(path)).write(
      Object.fromEntries(NAMES.map((name) => [name, name.endsWith('crt') ? 'authority' : '1\n'.repeat(2000)])),
    );
    let last = 1;
    let seenOld = 0;
    let seenNew = 0;
    // One set takes some fifty steps: early ones kill before the record, late ones after it.
    for (let round = 0; round < ROUNDS; round++) {
      const reported = await endOf(startWriter(last + 1, 1 + Math.floor(Math.random() * 150)));
      const found = await numberOnDisk();
      const acknowledged = Number.isNaN(reported) ? last : reported;
      expect([acknowledged, acknowledged + 1]).toContain(found);
      if (found === acknowledged) seenOld++;
      else seenNew++;
      last = found;
    }
    expect(Math.min(seenOld, seenNew)).toBeGreaterThan(0);
  },
  ROUNDS * 2_000,
);

test('writers in several processes at once, killed from outside, leave one of their sets', async () => {
  for (let round = 0; round < (process.env.SOAK ? 100 : 3); round++) {
    const children = [1, 2, 3].map((writer) => startWriter(writer * 1_000_000, 0));
    const ends = children.map(endOf);
    await Promise.all(children.map(async (child) => child.stdout && (await once(child.stdout, 'data'))));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
    await numberOnDisk();
    await rm(path, { recursive: true });
  }
}, 600_000);
