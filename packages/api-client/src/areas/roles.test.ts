import { newRole } from '@teleport-ts/api-types/resources/role';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import {
  createRole,
  deleteRole,
  getCurrentUserRoles,
  getRole,
  listRoles,
  listRolesPage,
  updateRole,
  upsertRole,
} from './roles.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
});
afterAll(() => it[Symbol.asyncDispose]());

test('a role is made once, read, changed by who has read it last, and removed', async () => {
  const { client } = it;
  const made = await createRole(
    client,
    newRole({ name: 'deployer', allow: { appLabels: { env: 'dev' } }, options: { maxSessionTtlMs: 3_600_000 } }),
  );
  expect(made).toMatchObject({ name: 'deployer', version: 'v8', options: { maxSessionTtlMs: 3_600_000 } });
  await expect(createRole(client, made.raw)).rejects.toMatchObject({ code: 'already_exists' });

  const read = await getRole(client, 'deployer');
  expect(read).toEqual(made);
  expect(read.allow.appLabels).toEqual({ env: ['dev'] });
  const changed = await updateRole(client, newRole({ ...read, allow: { ...read.allow, logins: ['deploy'] } }));
  expect(changed.allow).toEqual({ ...read.allow, logins: ['deploy'] });
  expect(changed.revision).not.toBe(read.revision);
  await expect(updateRole(client, read.raw)).rejects.toMatchObject({ code: 'compare_failed' });

  const replaced = await upsertRole(client, newRole({ name: 'deployer', description: 'again' }));
  expect(replaced).toMatchObject({ description: 'again', allow: { logins: [] } });
  await deleteRole(client, 'deployer');
  await expect(getRole(client, 'deployer')).rejects.toMatchObject({ code: 'not_found' });
  await expect(deleteRole(client, 'deployer')).rejects.toMatchObject({ code: 'not_found' });
});

test('roles are listed in pages, by keyword', async () => {
  const { client } = it;
  for (const name of ['ops-1', 'ops-2', 'ops-3']) await upsertRole(client, newRole({ name }));
  const names = (await collected(listRoles(client, { pageSize: 2 }))).map((role) => role.name);
  expect(names).toEqual(expect.arrayContaining(['guest', 'ops-1', 'ops-2', 'ops-3', 'root']));
  expect(it.cluster.calls.list('ListRoles').length).toBeGreaterThanOrEqual(3);
  const first = await listRolesPage(client, { pageSize: 2, searchKeywords: ['ops'] });
  expect(first.items.map((role) => role.name)).toEqual(['ops-1', 'ops-2']);
  const query = { pageSize: 2, searchKeywords: ['ops'], pageToken: first.nextToken };
  expect((await listRolesPage(client, query)).items.map((role) => role.name)).toEqual(['ops-3']);
});

test('who may do nothing reads the roles that are its own', async () => {
  const own = await collected(getCurrentUserRoles(it.guest));
  expect(own.map((role) => role.name)).toEqual(['guest']);
  await expect(collected(listRoles(it.guest))).rejects.toMatchObject({ code: 'access_denied' });
  await expect(getRole(it.guest, 'root')).rejects.toMatchObject({ code: 'access_denied' });
  await expect(upsertRole(it.guest, newRole({ name: 'x' }))).rejects.toMatchObject({ code: 'access_denied' });
});

test('what is no role is refused before it is sent', async () => {
  const before = it.cluster.calls.list('UpsertRoleV2').length;
  const nothing = undefined as unknown as Parameters<typeof upsertRole>[1];
  await expect(upsertRole(it.client, nothing)).rejects.toMatchObject({ code: 'bad_parameter' });
  expect(() => newRole({ name: 'x', allow: { logins: ['*'] } })).toThrow('wildcard matcher is not allowed in logins');
  expect(it.cluster.calls.list('UpsertRoleV2').length).toBe(before);
});
