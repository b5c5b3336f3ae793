import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collected } from '../../test-support/area-cluster.ts';
import { userClient } from '../../test-support/user-client.ts';
import type { Client } from '../client.ts';
import {
  createAccessRequest,
  deleteAccessRequest,
  getAccessCapabilities,
  getAccessRequest,
  listAccessRequests,
  listAccessRequestsPage,
  reviewAccessRequest,
  setAccessRequestState,
  tryAccessRequest,
} from './access-requests.ts';

const HOUR_MS = 3_600_000;
const request = { roles: ['request'] };
let clock: FakeClock;
let cluster: DevCluster;
let clients: Record<'asker' | 'other' | 'reviewer' | 'second' | 'router', Client>;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ clock });
  for (const name of ['deployer', 'admin', 'grave']) cluster.upsertRole({ name });
  cluster.upsertRole({
    name: 'request',
    allow: {
      request: {
        roles: ['deployer', 'admin'],
        suggestedReviewers: ['ray'],
        annotations: { team: ['{{external.team}}'] },
        thresholds: [{ name: 'two', approve: 2, deny: 1, filter: 'contains(reviewer.roles, "review")' }],
      },
    },
  });
  cluster.upsertRole({ name: 'request-grave', allow: { request: { roles: ['grave'], reasonMode: 'required' } } });
  cluster.upsertRole({
    name: 'review',
    allow: { reviewRequests: { roles: ['*'], where: 'contains(request.system_annotations["team"], "web")' } },
  });
  const rules = [{ resources: ['access_request'], verbs: ['list', 'read', 'update', 'delete'] }];
  cluster.upsertRole({ name: 'route', allow: { rules } });
  cluster.upsertUser({ name: 'asker', roles: ['request', 'request-grave'], traits: { team: ['web'] } });
  cluster.upsertUser({ name: 'other', ...request });
  for (const name of ['reviewer', 'second']) cluster.upsertUser({ name, roles: ['review'] });
  cluster.upsertUser({ name: 'router', roles: ['route'] });
  const names = ['asker', 'other', 'reviewer', 'second', 'router'] as const;
  const all = await Promise.all(names.map(async (name) => [name, await userClient(cluster, name)] as const));
  clients = Object.fromEntries(all) as typeof clients;
});

afterAll(async () => {
  await Promise.all(Object.values(clients).map((client) => client.close({ graceMs: 0 })));
  await cluster.stop();
});

const ask = (roles = ['deployer']): Promise<string> =>
  createAccessRequest(clients.asker, { user: 'asker', roles }).then(({ name }) => name);

test('a request is made, seen by whom it concerns, and decided', async () => {
  const { asker, other, router } = clients;
  const made = await createAccessRequest(asker, { user: 'asker', roles: ['deployer', 'admin'], reason: 'release' });
  expect(made).toMatchObject({
    kind: 'access_request',
    user: 'asker',
    roles: ['admin', 'deployer'],
    state: 'pending',
    reason: 'release',
    suggestedReviewers: ['ray'],
    systemAnnotations: { team: ['web'] },
    thresholds: [{ name: 'two', approve: 2, deny: 1 }],
    promotedTo: undefined,
  });
  expect(made.created).toEqual(new Date(clock.now()));
  expect(made.accessExpires).toEqual(made.expires);
  expect(await getAccessRequest(asker, made.name)).toMatchObject({ name: made.name, state: 'pending' });
  await expect(getAccessRequest(other, made.name)).rejects.toMatchObject({ code: 'not_found' });

  const resolution = { state: 'approved', reason: 'ok', roles: ['deployer'], annotations: { route: 'r1' } } as const;
  await setAccessRequestState(router, made.name, { ...resolution, delegator: 'chat' });
  const decided = await getAccessRequest(asker, made.name);
  expect(decided).toMatchObject({
    state: 'approved',
    roles: ['deployer'],
    originalRoles: ['admin', 'deployer'],
    resolveReason: 'ok',
    resolveAnnotations: { route: ['r1'] },
  });
  await setAccessRequestState(router, made.name, { state: 'denied' });
  await expect(setAccessRequestState(router, made.name, { state: 'approved' })).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'cannot set request-state "APPROVED" (already denied)',
  });
});

test('what must not be is refused', async () => {
  const { asker, other, router } = clients;
  await expect(createAccessRequest(asker, { user: 'asker', roles: ['nosuch'] })).rejects.toMatchObject({
    code: 'bad_parameter',
    message: 'user "asker" can not request role "nosuch"',
  });
  await expect(createAccessRequest(asker, { user: 'asker', roles: ['grave'] })).rejects.toThrow('reason must be');
  await expect(createAccessRequest(other, { user: 'asker', roles: ['deployer'] })).rejects.toMatchObject({
    code: 'access_denied',
  });
  await expect(createAccessRequest(asker, { user: 'asker' })).rejects.toThrow('any roles or resources');
  await expect(createAccessRequest(asker, { user: '', roles: ['a'] })).rejects.toThrow('user name not set');
  await expect(getAccessRequest(asker, '')).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(setAccessRequestState(router, '', { state: 'approved' })).rejects.toThrow('missing request ID');
  await expect(setAccessRequestState(router, 'x', { state: 'none' })).rejects.toThrow('missing request state');
  await expect(setAccessRequestState(router, 'x', { state: 'approved' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(setAccessRequestState(asker, await ask(), { state: 'approved' })).rejects.toMatchObject({
    code: 'access_denied',
  });
  await expect(reviewAccessRequest(clients.reviewer, 'x', { state: 'pending' })).rejects.toThrow('state proposal');
});

test('a trial says what would become of a request, and leaves nothing behind', async () => {
  const { asker } = clients;
  const before = await collected(listAccessRequests(asker, { user: 'asker' }));
  const tried = await tryAccessRequest(asker, { user: 'asker', roles: ['grave'] });
  expect(tried).toMatchObject({ isReasonRequired: true, reasonPrompts: [], request: { roles: ['grave'] } });
  expect(await tryAccessRequest(asker, { user: 'asker', roles: ['deployer'] })).toMatchObject({
    isReasonRequired: false,
  });
  expect(await collected(listAccessRequests(asker, { user: 'asker' }))).toEqual(before);
});

describe('reviews', () => {
  test('decide when there are enough', async () => {
    const { reviewer, second } = clients;
    const id = await ask();
    const first = await reviewAccessRequest(reviewer, id, { state: 'approved', reason: 'fine' });
    expect(first).toMatchObject({
      state: 'pending',
      reviews: [{ author: 'reviewer', state: 'approved', thresholds: [0] }],
    });
    await expect(reviewAccessRequest(reviewer, id, { state: 'approved' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    expect(await reviewAccessRequest(second, id, { state: 'approved', reason: 'me too' })).toMatchObject({
      state: 'approved',
      resolveReason: 'me too',
    });
    await expect(reviewAccessRequest(second, id, { state: 'denied' })).rejects.toMatchObject({
      code: 'already_exists',
    });
  });

  test('deny at once, and nothing after that', async () => {
    const { reviewer, second } = clients;
    const id = await ask();
    expect(await reviewAccessRequest(reviewer, id, { state: 'denied', reason: 'no' })).toMatchObject({
      state: 'denied',
      resolveReason: 'no',
    });
    await expect(reviewAccessRequest(second, id, { state: 'approved' })).rejects.toThrow('already denied');
  });

  test('are for those who may', async () => {
    const { other, reviewer, router } = clients;
    const { name } = await createAccessRequest(other, { user: 'other', roles: ['deployer'] });
    await expect(reviewAccessRequest(reviewer, name, { state: 'approved' })).rejects.toMatchObject({
      code: 'access_denied',
      message: `user "reviewer" cannot review request "${name}"`,
    });
    await expect(reviewAccessRequest(router, name, { state: 'approved' })).rejects.toThrow('cannot submit reviews');
    const seen = await collected(listAccessRequests(reviewer, { scope: 'needs-review' }));
    expect(seen.map(({ user }) => user)).not.toContain('other');
    expect(seen.length).toBeGreaterThan(0);
    expect((await collected(listAccessRequests(reviewer, { scope: 'reviewed' }))).length).toBe(2);
  });
});

test('lists are filtered, in an order, and come in pages', async () => {
  const { other, router } = clients;
  const ids: string[] = [];
  for (const roles of [['admin'], ['deployer'], ['admin', 'deployer']]) {
    await clock.advance(1_000);
    ids.push((await createAccessRequest(other, { user: 'other', roles, labels: { n: `${roles.length}` } })).name);
  }
  await setAccessRequestState(router, ids[1]!, { state: 'approved' });
  const of = async (query: Parameters<typeof listAccessRequests>[1]): Promise<string[]> =>
    (await collected(listAccessRequests(other, query))).map(({ name }) => name).filter((name) => ids.includes(name));
  expect(await of({ pageSize: 1 })).toEqual(ids);
  expect(await of({ sort: 'created', descending: true, pageSize: 2 })).toEqual(ids.toReversed());
  expect(await of({ sort: 'state', pageSize: 1 })).toEqual([ids[1], ids[0], ids[2]]);
  expect(await of({ state: 'approved' })).toEqual([ids[1]]);
  expect(await of({ searchKeywords: ['ADMIN'] })).toEqual([ids[0], ids[2]]);
  expect(await of({ scope: 'mine' })).toEqual(ids);
  const page = await listAccessRequestsPage(other, { sort: 'user', pageSize: 1 });
  expect(page.items).toHaveLength(1);
  expect(page.nextToken).toMatch(/^other\//);
  await deleteAccessRequest(router, ids[0]!);
  expect(await of({})).toEqual(ids.slice(1));
  await expect(deleteAccessRequest(router, ids[0]!)).rejects.toMatchObject({ code: 'not_found' });
});

test('times are kept, and what expires is removed', async () => {
  const { asker } = clients;
  const soon = new Date(clock.now() + HOUR_MS);
  const made = await createAccessRequest(asker, {
    user: 'asker',
    roles: ['deployer'],
    accessExpires: soon,
    assumeStart: new Date(clock.now() + HOUR_MS / 2),
  });
  expect(made).toMatchObject({ accessExpires: soon, expires: soon, sessionExpires: soon });
  await clock.advance(HOUR_MS + 1);
  const listed = await collected(listAccessRequests(asker, { user: 'asker' }));
  expect(listed.map(({ name }) => name)).not.toContain(made.name);
  // A pending request is kept a little longer, for the decision that is on its way.
  expect(await getAccessRequest(asker, made.name)).toMatchObject({ state: 'pending' });
  await clock.advance(40_000);
  await expect(getAccessRequest(asker, made.name)).rejects.toMatchObject({ code: 'not_found' });
});

test('everybody may ask what to ask for', async () => {
  expect(await getAccessCapabilities(clients.asker)).toEqual({
    requestableRoles: ['admin', 'deployer', 'grave'],
    suggestedReviewers: ['ray'],
    applicableRolesForResources: [],
    isReasonRequired: true,
    reasonPrompt: '',
    requestsAtLogin: false,
  });
  await expect(getAccessCapabilities(clients.other, { user: 'asker' })).rejects.toMatchObject({
    code: 'access_denied',
  });
  const resources = [{ cluster: cluster.name, kind: 'app', name: 'grafana' }];
  await expect(getAccessCapabilities(clients.other, { resources })).rejects.toThrow('search_as_roles');
});
