import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tbotInProcess } from '../../test-support/journey.ts';

let path: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verify-'));
  path = join(folder, 'audit.log');
  writeFileSync(path, RECORDS);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** By `sha256sum`. */
const FIRST = '91904dfcd2ab0c8edcf4b93995904c24e474f9016765e0204686bdba8d174b1c';
const SECOND = 'ffbe08fe480a66dfd268eebc4534ff5ecbb8c463ff17d5ec65ea49ecf987a145';
/** Two records as an agent has written them. */
const RECORDS = `{"event":"credential","outcome":"issued","sequence":1,"previous":"${'0'.repeat(64)}","hash":"${FIRST}"}
{"event":"credential","outcome":"refused","sequence":2,"previous":"${FIRST}","hash":"${SECOND}"}
`;

const verify = (...args: string[]) => tbotInProcess(['audit', 'verify', ...args]);

test('a whole chain is ok, and its end is named', async () => {
  expect(await verify(path)).toMatchObject({ code: 0, stderr: '', stdout: `ok: 2 records\nhead: 2:${SECOND}\n` });
  expect(await verify(path, '--anchor', `2:${SECOND}`)).toMatchObject({ code: 0 });
  const json = await verify(path, '--format', 'json');
  expect(JSON.parse(json.stdout)).toEqual({
    records: 2,
    first: 1,
    head: { sequence: 2, hash: SECOND },
    problems: [],
    notes: [],
  });
  appendFileSync(path, '{"event":"cred');
  expect(await verify(path)).toMatchObject({ code: 0, stderr: `note: ${path}:3: a line that was cut short\n` });
});

test('a broken one is told with each place', async () => {
  writeFileSync(path, readFileSync(path, 'utf8').replace('"issued"', '"failed"'));
  expect(await verify(path)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: `error: ${path}:1: record 1 was changed\n`,
  });
  writeFileSync(path, `${RECORDS.split('\n')[0]}\n`);
  expect(await verify(path, '--anchor', `2:${SECOND}`)).toMatchObject({
    code: 1,
    stderr: `error: ${path}: the chain ends at record 1; record 2 is missing\n`,
  });
});

test.each([
  [['--anchor', 'abc'], 2, '--anchor "abc" is not the place of a record'],
  [['/no/such/file'], 1, 'there is no file /no/such/file'],
])('%j ends with %i', async (args, code, message) => {
  expect(await verify(path, ...args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
});
