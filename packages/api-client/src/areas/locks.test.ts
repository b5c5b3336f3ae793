import { isInForce, newLock } from '@teleport-ts/api-types/resources/lock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, startAreaCluster } from '../../test-support/area-cluster.ts';
import { deleteLock, getLock, getLocks, upsertLock } from './locks.ts';
import { getCurrentUser } from './users.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
});
afterAll(() => it[Symbol.asyncDispose]());

test('a lock is put on, found by its target, and taken off', async () => {
  const { client } = it;
  const lock = newLock({ target: { user: 'nobody', role: 'nothing' }, message: 'because' });
  const name = lock.Metadata?.Name ?? '';
  await upsertLock(client, lock);
  const read = await getLock(client, name);
  expect(read).toMatchObject({
    name,
    target: { user: 'nobody', role: 'nothing' },
    message: 'because',
    createdBy: 'alice',
  });
  expect(read.createdAt).toBeInstanceOf(Date);
  expect(read.expires).toBeUndefined();

  const past = new Date(Date.now() - 60_000);
  await upsertLock(client, newLock({ name: 'over', target: { login: 'root' }, expires: past }));
  const names = async (query?: Parameters<typeof getLocks>[1]): Promise<string[]> =>
    (await getLocks(client, query)).map((found) => found.name).sort();
  expect(await names()).toEqual([name, 'over'].sort());
  expect(await names({ inForceOnly: true })).toEqual([name]);
  expect(await names({ targets: [{ user: 'nobody' }, { device: 'd' }] })).toEqual([name]);
  expect(await names({ targets: [{ user: 'nobody', role: 'other' }] })).toEqual([]);
  const over = await getLock(client, 'over');
  expect([isInForce(over, new Date()), isInForce(over, new Date(0)), isInForce(read, new Date())]).toEqual([
    false,
    true,
    true,
  ]);

  await upsertLock(client, newLock({ ...over, expires: undefined, message: 'again' }));
  expect(await getLock(client, 'over')).toMatchObject({
    message: 'again',
    expires: undefined,
    createdAt: over.createdAt,
  });
  await deleteLock(client, 'over');
  await expect(getLock(client, 'over')).rejects.toMatchObject({ code: 'not_found' });
});

test('a lock shuts out at once, and who may do nothing cannot lock', async () => {
  const lock = newLock({ target: { user: 'bob' } });
  await expect(upsertLock(it.guest, lock)).rejects.toMatchObject({ code: 'access_denied' });
  expect(await getCurrentUser(it.guest)).toMatchObject({ name: 'bob' });
  await upsertLock(it.client, lock);
  await expect(getCurrentUser(it.guest)).rejects.toMatchObject({ code: 'access_denied' });
  await deleteLock(it.client, lock.Metadata?.Name ?? '');
  expect(await getCurrentUser(it.guest)).toMatchObject({ name: 'bob' });
  expect(() => newLock({ target: {} })).toThrow('at least one target field must be set');
});
