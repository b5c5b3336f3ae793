import { newUser } from '@teleport-ts/api-types/resources/user';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import {
  createUser,
  deleteUser,
  getCurrentUser,
  getUser,
  listUsers,
  listUsersPage,
  updateUser,
  upsertUser,
} from './users.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
});
afterAll(() => it[Symbol.asyncDispose]());

test('a user is made once, read, changed by who has read it last, and removed', async () => {
  const { client } = it;
  const fields = { name: 'carol', roles: ['guest'], traits: { logins: ['carol'] }, labels: { team: 'a' } };
  const made = await createUser(client, newUser(fields));
  expect(made).toMatchObject({ ...fields, createdBy: { user: 'alice' }, botName: undefined, lockout: undefined });
  await expect(createUser(client, made.raw)).rejects.toMatchObject({ code: 'already_exists' });
  const noRole = newUser({ name: 'dave', roles: ['nosuch'] });
  await expect(createUser(client, noRole)).rejects.toMatchObject({ code: 'not_found' });

  const read = await getUser(client, 'carol');
  expect(read).toEqual(made);
  const changed = await updateUser(client, newUser({ ...read, traits: { ...read.traits, env: ['dev'] } }));
  expect(changed.traits).toEqual({ logins: ['carol'], env: ['dev'] });
  expect(changed.createdBy).toEqual(made.createdBy);
  await expect(updateUser(client, read.raw)).rejects.toMatchObject({ code: 'compare_failed' });
  expect(await upsertUser(client, newUser({ name: 'carol', roles: ['root'] }))).toMatchObject({
    roles: ['root'],
    traits: {},
  });
  await deleteUser(client, 'carol');
  await expect(getUser(client, 'carol')).rejects.toMatchObject({ code: 'not_found' });
});

test('users are listed in pages, by keyword; bots are users', async () => {
  await it.cluster.upsertBot({ name: 'ci', roles: ['guest'] });
  const users = await collected(listUsers(it.client, { pageSize: 1 }));
  expect(users.map(({ name, botName }) => [name, botName])).toEqual([
    ['alice', undefined],
    ['bob', undefined],
    ['bot-ci', 'ci'],
  ]);
  // Names of whom one is the beginning of another, over every border of a page.
  for (const name of ['ali', 'alice-2', 'alice0', 'alice00']) await upsertUser(it.client, newUser({ name }));
  const all = ['ali', 'alice', 'alice-2', 'alice0', 'alice00', 'bob', 'bot-ci'];
  for (const pageSize of [1, 2, 3, 4, 5, 6, 7]) {
    expect((await collected(listUsers(it.client, { pageSize }))).map(({ name }) => name)).toEqual(all);
  }
  const page = await listUsersPage(it.client, { searchKeywords: ['root'] });
  expect(page.items.map(({ name }) => name)).toEqual(['alice']);
});

test('everybody may know who it is, and not more', async () => {
  expect(await getCurrentUser(it.guest)).toMatchObject({ name: 'bob', roles: ['guest'] });
  await expect(getUser(it.guest, 'alice')).rejects.toMatchObject({ code: 'access_denied' });
  await expect(collected(listUsers(it.guest))).rejects.toMatchObject({ code: 'access_denied' });
  const nobody = undefined as unknown as Parameters<typeof upsertUser>[1];
  await expect(upsertUser(it.client, nobody)).rejects.toMatchObject({ code: 'bad_parameter' });
});
