import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChainHead, chainedLine, NO_HEAD } from './audit-chain.ts';
import { openAuditFile } from './audit-file.ts';
import type { AuditRecord } from './audit-record.ts';
import { verifyAuditFiles } from './verify-chain.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chain-'));
  path = join(folder, 'audit.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const kept = (): string => join(folder, '.audit.log.head');
const record = (serial: string): AuditRecord => ({
  time: '2026-01-02T03:04:05.678Z',
  event: 'credential',
  socket: '/run/tbot.sock',
  // What a reader of lines or a text search could take for something else.
  request: {
    kind: 'application',
    name: '\u2028,"sequence":7,"previous":"","hash":""}',
    cluster: '',
    roles: [],
    own_key: true,
  },
  outcome: 'issued',
  serial,
  latency_ms: 3,
});

/** Records, one after the other, by an agent that starts and ends with them. */
async function write(...serials: string[]): Promise<ChainHead> {
  await using sink = await openAuditFile(path, { chain: true });
  for (const serial of serials) await sink.record(record(serial));
  return sink.head!()!;
}

/** A chain of records without a file. */
function chain(...names: string[]): string[] {
  let head = NO_HEAD;
  return names.map((name) => {
    const next = chainedLine({ name }, head);
    head = next.head;
    return next.line;
  });
}

const texts = async (...files: string[]) =>
  (await verifyAuditFiles(files)).problems.map(({ line, text }) => `${line}: ${text}`);

test('a chain goes on over restarts, and is whole', async () => {
  await write('a', 'b');
  expect(existsSync(kept())).toBe(true);
  const head = await write('c');
  expect(await verifyAuditFiles([path])).toEqual({ records: 3, first: 1, head, problems: [], notes: [] });
  expect(head.sequence).toBe(3);
});

test('sed and sha256sum can check a line', async () => {
  const { hash } = await write('a', 'b');
  const script = `tail -n 1 "$1" | sed 's/,"hash":"[0-9a-f]*"}$//' | tr -d '\\n' | sha256sum`;
  expect(execFileSync('sh', ['-c', script, 'sh', path], { encoding: 'utf8' })).toBe(`${hash}  -\n`);
});

describe('a rotation', () => {
  test('while the agent is stopped does not end the chain', async () => {
    await write('a', 'b');
    renameSync(path, `${path}.1`);
    await write('c');
    writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(`${path}.1`)));
    expect(await texts(`${path}.1`, path)).toEqual([]);
    expect(await verifyAuditFiles([`${path}.1.gz`, path])).toMatchObject({ records: 3, problems: [] });
    expect(await verifyAuditFiles([path])).toMatchObject({ records: 1, first: 3, problems: [] });
    expect(await texts(path, `${path}.1`)).toEqual(['1: a new chain begins; nothing says what came after record 3']);
  });

  test('after an agent that was killed begins a new chain, and that is seen', async () => {
    await write('a', 'b');
    rmSync(kept());
    renameSync(path, `${path}.1`);
    await write('c');
    expect(await texts(`${path}.1`, path)).toEqual(['1: a new chain begins; nothing says what came after record 2']);
  });

  test('an end that was kept is used once', async () => {
    await write('a');
    const before = readFileSync(kept());
    const sink = await openAuditFile(path, { chain: true });
    expect(existsSync(kept())).toBe(false);
    await sink[Symbol.asyncDispose]();
    expect(readFileSync(kept())).toEqual(before);
  });
});

describe('an agent does not go on', () => {
  test('in a file with records that are in no chain', async () => {
    writeFileSync(path, '{"time":"2026-01-02T03:04:05.678Z"}\n');
    await expect(openAuditFile(path, { chain: true })).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `the audit file ${path} holds records that are in no chain`,
    });
  });

  test('behind a record that was changed', async () => {
    await write('a', 'b');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"serial":"b"', '"serial":"x"'));
    await expect(openAuditFile(path, { chain: true })).rejects.toMatchObject({
      message: `the last record of the audit file ${path} was changed`,
    });
  });

  test('while somebody else writes to the file', async () => {
    const sink = await openAuditFile(path, { chain: true });
    await sink.record(record('a'));
    appendFileSync(path, `${chain('forged')[0]}\n`);
    await expect(sink.record(record('b'))).rejects.toMatchObject({
      code: 'connection_problem',
      cause: { message: `somebody else has written to ${path}` },
    });
    await expect(sink.ready()).rejects.toMatchObject({ code: 'connection_problem' });
    await sink[Symbol.asyncDispose]();
  });
});

describe('what breaks a chain is named with its place', () => {
  const whole = chain('a', 'b', 'c', 'd', 'e');
  const broken = async (lines: string[]) => {
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
    return await texts(path);
  };

  test.each([
    ['a changed record', whole.with(2, whole[2]!.replace('"c"', '"x"')), ['3: record 3 was changed']],
    ['a missing record', whole.toSpliced(2, 1), ['3: a record is missing before record 4']],
    ['two missing records', whole.toSpliced(1, 2), ['2: 2 records are missing before record 4']],
    ['a record twice', whole.toSpliced(2, 0, whole[1]!), ['3: record 2 comes after record 2']],
    [
      'records in another order',
      [whole[0], whole[2], whole[1]] as string[],
      ['2: a record is missing before record 3', '3: record 2 comes after record 3'],
    ],
    ['a record of no chain', whole.toSpliced(1, 0, '{"a":1}'), ['2: this record is in no chain']],
    [
      'another chain',
      [...whole.slice(0, 2), ...chain('x', 'y', 'z').slice(2)],
      ['3: record 3 is not tied to the record before it'],
    ],
    [
      'a line that is too long',
      whole.toSpliced(1, 1, 'x'.repeat(1_100_000)),
      ['2: this is no record, nor a piece of one', '3: a record is missing before record 3'],
    ],
    [
      'a record that became something else',
      whole.with(1, 'garbage'),
      ['2: this is no record, nor a piece of one', '3: a record is missing before record 3'],
    ],
    ['another file', ['INFO ready'], ['1: this is no record, nor a piece of one']],
    ['a cut record, which was never confirmed', whole.toSpliced(1, 0, whole[1]!.slice(0, 9), '', '\0\0'), []],
  ])('%s', async (_what, lines, expected) => {
    expect(await broken(lines)).toEqual(expected);
  });

  test('the end is missing, and somebody knows a later record', async () => {
    const head = await write('a', 'b', 'c');
    const all = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, `${all.slice(0, 2).join('\n')}\n`);
    expect(await texts(path)).toEqual([]);
    expect((await verifyAuditFiles([path], { anchor: head })).problems).toEqual([
      { file: path, line: 0, text: 'the chain ends at record 2; record 3 is missing' },
    ]);
    writeFileSync(path, chain('x', 'y', 'z', 'ä').join('\n'));
    expect((await verifyAuditFiles([path], { anchor: head })).problems).toMatchObject([
      { text: 'record 3 is not the one that is known from elsewhere' },
    ]);
  });
});

test('any change of any byte behind the first record and before the last is seen', async () => {
  const text = Buffer.from(`${chain('a', 'b', 'c', 'd').join('\n')}\n`);
  const [first, last] = [text.indexOf(0x0a), text.lastIndexOf(0x0a, -2)];
  const change = fc.record({ at: fc.integer({ min: first, max: last - 1 }), to: fc.nat({ max: 255 }) });
  await fc.assert(
    fc.asyncProperty(change, async ({ at, to }) => {
      fc.pre(text[at] !== to);
      const changed = Buffer.from(text);
      changed[at] = to;
      writeFileSync(path, changed);
      expect(await texts(path)).not.toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('a file that is not there is named', async () => {
  await expect(verifyAuditFiles([path])).rejects.toMatchObject({ code: 'not_found' });
  await expect(verifyAuditFiles([folder])).rejects.toMatchObject({ code: 'bad_parameter' });
});
