import { newRole } from '@teleport-ts/api-types/resources/role';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import { formatAuditCursor } from './audit-cursor.ts';
import {
  type ExportedAuditEvent,
  exportAuditEvents,
  searchAuditEvents,
  searchAuditEventsPage,
  searchUnstructuredEvents,
  searchUnstructuredEventsPage,
} from './audit-events.ts';
import { deleteRole, upsertRole } from './roles.ts';

const DAY_MS = 86_400_000;
let it: AreaCluster;
let clock: FakeClock;
let from: Date;
let to: Date;

beforeAll(async () => {
  clock = new FakeClock();
  from = new Date(clock.now());
  it = await startAreaCluster({ clock });
  // Three days with events, and a quiet one.
  for (const [day, count] of [3, 2, 0, 4].entries()) {
    for (let index = 0; index < count; index += 1) {
      await clock.advance(1_000);
      await upsertRole(it.client, newRole({ name: `r-${day}-${index}` }));
    }
    if (day < 3) await clock.advance(DAY_MS);
  }
  await deleteRole(it.client, 'r-0-0');
  to = new Date(clock.now());
});
afterAll(() => it[Symbol.asyncDispose]());

/** What happened, by the names of the roles; grows. */
const happened = ['r-0-0', 'r-0-1', 'r-0-2', 'r-1-0', 'r-1-1', 'r-3-0', 'r-3-1', 'r-3-2', 'r-3-3', 'r-0-0'];
const made = happened.slice(0, -1);

test('typed events are searched in pages, in both orders, by type', async () => {
  const events = await collected(searchAuditEvents(it.client, { from, to, types: ['role.created'], pageSize: 2 }));
  expect(events.map(({ message }) => message?.$case === 'RoleCreate' && message.value.Resource?.Name)).toEqual(made);
  expect(events[0]).toMatchObject({ type: 'role.created', code: 'T9000I', user: 'alice', clusterName: 'root.test' });
  expect(events[0]?.time?.getTime()).toBe(from.getTime() + 1_000);
  const newest = await searchAuditEventsPage(it.client, { from, to, order: 'newest-first', pageSize: 1 });
  expect(newest.items).toMatchObject([{ type: 'role.deleted' }]);
  expect(newest.nextToken).not.toBe('');
  await expect(collected(searchAuditEvents(it.guest, { from, to }))).rejects.toMatchObject({ code: 'access_denied' });
});

test('events as JSON are searched in pages', async () => {
  const query = { from, to, types: ['role.created', 'role.deleted'] };
  const events = await collected(searchUnstructuredEvents(it.client, { ...query, pageSize: 4 }));
  expect(events.map(({ fields }) => fields.name)).toEqual([...made, 'r-0-0']);
  expect(events.at(-1)).toMatchObject({
    type: 'role.deleted',
    code: 'T9001I',
    user: 'alice',
    clusterName: 'root.test',
  });
  const page = await searchUnstructuredEventsPage(it.client, { from, to, types: ['role.deleted'] });
  expect(page).toMatchObject({ items: [{ type: 'role.deleted' }], nextToken: '' });
});

describe.each([
  ['by its chunks', false],
  ['by searching, where the store has no export', true],
])('the log is exported %s', (_, isSearched) => {
  const exported = (query: Parameters<typeof exportAuditEvents>[1]): AsyncIterable<ExportedAuditEvent> => {
    if (isSearched && query.cursor === undefined) {
      it.cluster.faults.next('GetEventExportChunks', { code: 12, message: 'FileLog does not implement it' });
    }
    return exportAuditEvents(it.client, query);
  };
  // The first day begins with the certificates of those who call.
  const names = (events: readonly ExportedAuditEvent[]): unknown[] =>
    events.filter(({ event }) => event.type.startsWith('role.')).map(({ event }) => event.fields.name);

  test('day by day', async () => {
    expect(names(await collected(exported({ from, to })))).toEqual(happened);
    const nextDay = new Date(from.getTime() + DAY_MS);
    expect(names(await collected(exported({ from: nextDay, to: nextDay })))).toEqual(['r-1-0', 'r-1-1']);
  });

  test('and goes on behind any event', async () => {
    const all = await collected(exported({ from, to }));
    for (const [index, { cursor }] of all.entries()) {
      expect(names(await collected(exported({ cursor, to })))).toEqual(names(all.slice(index + 1)));
    }
  });

  test('with what came since', async () => {
    const { cursor } = (await collected(exported({ from, to }))).at(-1)!;
    const name = `later-${isSearched}`;
    await upsertRole(it.client, newRole({ name }));
    const later = await collected(exported({ cursor, to }));
    expect(names(later)).toEqual([name]);
    expect(await collected(exported({ cursor: later[0]!.cursor, to }))).toEqual([]);
    await upsertRole(it.client, newRole({ name: `${name}-2` }));
    happened.push(name, `${name}-2`);
    expect(names(await collected(exported({ cursor: later[0]!.cursor, to })))).toEqual([`${name}-2`]);
  });
});

test('who may not read the log exports nothing', async () => {
  await expect(collected(exportAuditEvents(it.guest, { from, to }))).rejects.toMatchObject({ code: 'access_denied' });
});

test.each([
  '',
  'x',
  'null',
  Buffer.from('{"day":"2026-13-01","chunks":{}}').toString('base64url'),
  Buffer.from('{"day":"2026-01-01","chunks":{"a":1}}').toString('base64url'),
  Buffer.from('{"from":1e400,"key":"","taken":0}').toString('base64url'),
  formatAuditCursor({ from: 0, key: '', taken: -1 }),
])('a cursor that is none is refused: %j', async (cursor) => {
  await expect(collected(exportAuditEvents(it.client, { cursor }))).rejects.toMatchObject({
    code: 'bad_parameter',
    message: expect.stringContaining('cursor'),
  });
});
