import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openAuditFile } from './audit-file.ts';
import type { AuditRecord } from './audit-record.ts';
import { verifyAuditFiles } from './verify-chain.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
  path = join(folder, 'audit.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const record = (more: Partial<AuditRecord> = {}): AuditRecord => ({
  time: '2026-01-02T03:04:05.678Z',
  event: 'credential',
  socket: '/run/tbot.sock',
  outcome: 'issued',
  latency_ms: 3,
  ...more,
});

const lines = (file = path): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('appends one line each, in a file that is private', async () => {
  await using sink = await openAuditFile(path);
  await Promise.all([sink.record(record({ serial: 'a' })), sink.record(record({ serial: 'b' }))]);
  expect(lines()).toMatchObject([{ serial: 'a' }, { serial: 'b' }]);
  expect((lstatSync(path).mode & 0o777).toString(8)).toBe('600');
  await using again = await openAuditFile(path);
  await again.record(record({ serial: 'c' }));
  expect(lines()).toHaveLength(3);
});

test('a caller cannot write a line of its own, nor a long one', async () => {
  await using sink = await openAuditFile(path);
  const name = `x\n{"outcome":"issued"}${'y'.repeat(5000)}`;
  await sink.record(
    record({ request: { kind: 'application', name, cluster: '', roles: Array(500).fill('r'), own_key: true } }),
  );
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  expect(readFileSync(path, 'utf8').length).toBeLessThan(1500);
});

test.each([true, false])(
  'a caller’s name does nothing to a terminal or a reader of lines (chain: %s)',
  async (chain) => {
    const name = 'a\u001b[2J\u009b31m\u0085b\u2028c\u202e\u007f';
    const request = { kind: 'application', name, cluster: '', roles: [name], own_key: false };
    await using sink = await openAuditFile(path, { chain });
    await sink.record(record({ request, reason: name }));
    expect(readFileSync(path, 'utf8')).toMatch(/^[^\0-\x1f\x7f-\x9f\u2028\u202e]+\n$/);
    expect(lines()).toMatchObject([{ request, reason: name }]);
    if (chain) expect((await verifyAuditFiles([path])).problems).toEqual([]);
  },
);

test('a link or a missing folder is refused', async () => {
  const target = join(folder, 'target');
  writeFileSync(target, '');
  symlinkSync(target, join(folder, 'link'));
  await expect(openAuditFile(join(folder, 'link'))).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(openAuditFile(join(folder, 'missing/audit.log'))).rejects.toMatchObject({
    code: 'bad_parameter',
    message: `cannot open the audit file ${join(folder, 'missing/audit.log')}: ENOENT`,
  });
  await expect(openAuditFile('/dev/null')).rejects.toThrow('is not a regular file');
});

/** A disk that fills up in the middle of a line, and has room again later. */
async function fullDisk(chain: boolean) {
  const disk = { room: 0, text: '' };
  const stat = () => ({ dev: 1, ino: 1, size: disk.text.length, isFile: () => true });
  const file = {
    write: async (bytes: Buffer) => {
      if (disk.room === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      const part = bytes.subarray(0, disk.room);
      disk.text += part;
      disk.room -= part.length;
      return { bytesWritten: part.length };
    },
    stat: async () => stat(),
    close: async () => {},
  };
  const sink = await openAuditFile(path, {
    chain,
    files: { open: async () => file as never, find: async () => stat() },
  });
  return { disk, sink };
}

describe.each([false, true])('with chain: %s', (chain) => {
  test('what cannot be written fails, and so does everything until it can be', async () => {
    const { disk, sink } = await fullDisk(chain);
    disk.room = 40;
    await expect(sink.record(record({ serial: 'torn' }))).rejects.toMatchObject({
      code: 'connection_problem',
      message: 'the request cannot be recorded, so it is refused',
    });
    await expect(sink.ready()).rejects.toMatchObject({ code: 'connection_problem' });
    disk.room = 100_000;
    await sink.ready();
    await sink.record(record({ serial: 'whole' }));
    const [torn, resumed, whole] = disk.text.split('\n');
    expect(() => JSON.parse(torn!)).toThrow();
    expect(JSON.parse(resumed!)).toMatchObject({ event: 'audit', outcome: 'resumed' });
    expect(JSON.parse(whole!)).toMatchObject({ serial: 'whole' });
    writeFileSync(path, disk.text);
    if (chain) expect(await verifyAuditFiles([path])).toMatchObject({ records: 2, problems: [], notes: [{ line: 1 }] });
  });

  test('a line without its newline is a whole one', async () => {
    const { disk, sink } = await fullDisk(chain);
    const text = JSON.stringify(record({ serial: 'first' }));
    disk.room = text.length + (chain ? 165 : 0);
    await sink.record(record({ serial: 'first' }));
    expect(disk).toMatchObject({ room: 0, text: expect.stringMatching(/[^\n]$/) });
    disk.room = 100_000;
    await sink.record(record({ serial: 'second' }));
    writeFileSync(path, disk.text);
    expect(lines()).toMatchObject([{ serial: 'first' }, { serial: 'second' }]);
    if (chain) expect(await verifyAuditFiles([path])).toMatchObject({ records: 2, problems: [], notes: [] });
  });

  test('a file that was moved, removed or emptied is followed by its name', async () => {
    await using sink = await openAuditFile(path, { chain });
    await sink.record(record({ serial: 'a' }));
    renameSync(path, `${path}.1`);
    await sink.record(record({ serial: 'b' }));
    copyFileSync(path, `${path}.2`);
    truncateSync(path, 0);
    await sink.record(record({ serial: 'c' }));
    copyFileSync(path, `${path}.3`);
    rmSync(path);
    await sink.record(record({ serial: 'd' }));
    const files = [`${path}.1`, `${path}.2`, `${path}.3`, path];
    expect(files.map((file) => lines(file))).toMatchObject([
      [{ serial: 'a' }],
      [{ serial: 'b' }],
      [{ serial: 'c' }],
      [{ serial: 'd' }],
    ]);
    expect((lstatSync(path).mode & 0o777).toString(8)).toBe('600');
    if (chain) expect(await verifyAuditFiles(files)).toMatchObject({ records: 4, problems: [], head: sink.head!() });
  });

  test('a link that takes its place is not written through', async () => {
    await using sink = await openAuditFile(path, { chain });
    await sink.record(record());
    rmSync(path);
    symlinkSync(join(folder, 'victim'), path);
    await expect(sink.record(record())).rejects.toMatchObject({ code: 'connection_problem' });
    expect(existsSync(join(folder, 'victim'))).toBe(false);
    rmSync(path);
    await sink.record(record());
    expect(lines()).toHaveLength(1);
  });

  test('a restart goes on behind a line that was cut short', async () => {
    {
      await using sink = await openAuditFile(path, { chain });
      await sink.record(record({ serial: 'a' }));
    }
    appendFileSync(path, '{"time":"2026');
    {
      await using sink = await openAuditFile(path, { chain });
      await sink.record(record({ serial: 'b' }));
    }
    const [a, torn, b] = readFileSync(path, 'utf8').split('\n');
    expect([JSON.parse(a!).serial, torn, JSON.parse(b!).serial]).toEqual(['a', '{"time":"2026', 'b']);
    if (chain) expect(await verifyAuditFiles([path])).toMatchObject({ records: 2, problems: [], notes: [{ line: 2 }] });
  });
});

test.runIf(process.getuid?.() !== 0)('a file that may not be written is said at the start', async () => {
  writeFileSync(path, '');
  chmodSync(path, 0o400);
  await expect(openAuditFile(path)).rejects.toThrow('EACCES');
});
