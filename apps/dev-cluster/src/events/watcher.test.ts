import { AccessRequestV3, RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { describe, expect, it } from 'vitest';
import { metadataOf, type Resource } from '../resources.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import type { ResourceChange } from './change-event.ts';
import { matchesKind } from './watch-filter.ts';
import { Watcher } from './watcher.ts';

const put = (kind: string, resource: Resource): ResourceChange => ({ kind, operation: 'put', resource });
const role = put('role', RoleV6.create({ Metadata: metadataOf({ name: 'a' }) }));

describe('a reader that falls behind', () => {
  const watcher = (clock: FakeClock) =>
    new Watcher([WatchKind.create({ Kind: 'role' })], () => clock.now(), { capacity: 2, graceMs: 1000, limit: 5 });
  const next = (reader: Watcher) => reader.events(new AbortController().signal).next();

  it('has some time to catch up', async () => {
    const clock = new FakeClock(0);
    const reader = watcher(clock);
    const events = reader.events(new AbortController().signal);
    for (let i = 0; i < 3; i++) reader.tell(role);
    await clock.advance(1000);
    for (let i = 0; i < 2; i++) expect((await events.next()).done).toBe(false);
    reader.tell(role); // two wait: no longer behind
    await clock.advance(5000);
    reader.tell(role);
    expect((await events.next()).done).toBe(false);
  });

  it('loses its stream afterwards', async () => {
    const clock = new FakeClock(0);
    const reader = watcher(clock);
    for (let i = 0; i < 3; i++) reader.tell(role);
    await clock.advance(1001);
    reader.tell(role);
    expect((await next(reader)).done).toBe(true);
  });

  it('loses it at once when memory would run out', async () => {
    const reader = watcher(new FakeClock(0));
    for (let i = 0; i < 6; i++) reader.tell(role);
    expect((await next(reader)).done).toBe(true);
  });
});

describe('a filter', () => {
  const watched = (Kind: string, filter: Record<string, string>) =>
    WatchKind.create({ Kind, Filter: new Map(Object.entries(filter)) });
  const request = AccessRequestV3.create({
    Metadata: metadataOf({ name: 'r1' }),
    Spec: { User: 'alice', State: RequestState.PENDING },
  });
  const lock = LockV2.create({ Metadata: metadataOf({ name: 'l' }), Spec: { Target: { User: 'alice', Role: 'r' } } });

  it.each([
    ['access_request', { user: 'alice' }, request, true],
    ['access_request', { user: 'alice', state: 'DENIED' }, request, false],
    ['access_request', { id: 'r1', state: 'PENDING' }, request, true],
    ['access_request', { id: 'r2' }, request, false],
    ['lock', { user: 'alice' }, lock, true],
    ['lock', { user: 'alice', role: 'x' }, lock, false],
    ['role', { whatever: 'x' }, role.resource, true],
  ] as const)('of %s %j', (kind, filter, resource, expected) => {
    expect(matchesKind(watched(kind, filter), put(kind, resource))).toBe(expected);
  });

  it('lets all deletions through, and nothing of another kind', () => {
    const deleted: ResourceChange = { ...put('lock', lock), operation: 'delete' };
    expect(matchesKind(watched('lock', { user: 'bob' }), deleted)).toBe(true);
    expect(matchesKind(watched('role', {}), deleted)).toBe(false);
    expect(matchesKind(WatchKind.create({ Kind: 'lock', Name: 'other' }), deleted)).toBe(false);
  });
});
