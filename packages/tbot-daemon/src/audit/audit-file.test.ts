import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditFileSink, openAuditFile } from './audit-file.ts';
import type { AuditRecord } from './audit-record.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
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

const lines = (path: string): unknown[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('appends one line each, in a file that is private', async () => {
  const path = join(folder, 'audit.log');
  writeFileSync(path, '{"old":true}\n');
  rmSync(path);
  await using sink = await openAuditFile(path);
  await Promise.all([sink.record(record({ serial: 'a' })), sink.record(record({ serial: 'b' }))]);
  expect(lines(path)).toMatchObject([{ serial: 'a' }, { serial: 'b' }]);
  expect((lstatSync(path).mode & 0o777).toString(8)).toBe('600');
  await using again = await openAuditFile(path);
  await again.record(record({ serial: 'c' }));
  expect(lines(path)).toHaveLength(3);
});

test('a caller cannot write a line of its own, nor a long one', async () => {
  const path = join(folder, 'audit.log');
  await using sink = await openAuditFile(path);
  const name = `x\n{"outcome":"issued"}${'y'.repeat(5000)}`;
  await sink.record(
    record({ request: { kind: 'application', name, cluster: '', roles: Array(500).fill('r'), own_key: true } }),
  );
  expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  expect(readFileSync(path, 'utf8').length).toBeLessThan(1500);
});

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
function fullDisk() {
  const disk = { room: 0, text: '' };
  const file = {
    write: async (bytes: Buffer) => {
      if (disk.room === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      const part = bytes.subarray(0, disk.room);
      disk.text += part;
      disk.room -= part.length;
      return { bytesWritten: part.length };
    },
    close: async () => {},
  };
  return { disk, sink: auditFileSink(file as never, '/audit.log') };
}

test('what cannot be written fails, and so does everything until it can be', async () => {
  const { disk, sink } = fullDisk();
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
});

test.runIf(process.getuid?.() !== 0)('a file that may not be written is said at the start', async () => {
  const path = join(folder, 'audit.log');
  writeFileSync(path, '');
  chmodSync(path, 0o400);
  await expect(openAuditFile(path)).rejects.toThrow('EACCES');
});
