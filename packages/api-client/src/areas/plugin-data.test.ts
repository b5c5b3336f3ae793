import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { userClient } from '../../test-support/user-client.ts';
import type { Client } from '../client.ts';
import { createAccessRequest, deleteAccessRequest } from './access-requests.ts';
import {
  getPluginData,
  listPluginData,
  type PluginDataEntry,
  swapPluginData,
  updatePluginData,
} from './plugin-data.ts';

let clock: FakeClock;
let cluster: DevCluster;
let plugin: Client;
let asker: Client;
let resource: string;

beforeAll(async () => {
  clock = new FakeClock();
  cluster = await DevCluster.start({ clock });
  cluster.upsertRole({ name: 'deployer' });
  cluster.upsertRole({ name: 'request', allow: { request: { roles: ['deployer'] } } });
  const rules = [
    { resources: ['access_plugin_data'], verbs: ['list', 'read', 'update'] },
    { resources: ['access_request'], verbs: ['delete'] },
  ];
  cluster.upsertRole({ name: 'plugin', allow: { rules } });
  cluster.upsertUser({ name: 'asker', roles: ['request'] });
  cluster.upsertUser({ name: 'plugin', roles: ['plugin'] });
  [asker, plugin] = await Promise.all([userClient(cluster, 'asker'), userClient(cluster, 'plugin')]);
});

afterAll(async () => {
  await Promise.all([asker, plugin].map((client) => client.close({ graceMs: 0 })));
  await cluster.stop();
});

beforeEach(async () => {
  resource = (await createAccessRequest(asker, { user: 'asker', roles: ['deployer'] })).name;
});

const key = (): { resource: string; plugin: string } => ({ resource, plugin: 'router' });

test('texts are written, read and removed', async () => {
  expect(await getPluginData(plugin, key())).toEqual({});
  await updatePluginData(plugin, key(), { set: { state: 'seen', by: 'r1' } });
  await updatePluginData(plugin, key(), { set: { by: '' } });
  await updatePluginData(plugin, { resource, plugin: 'other' }, { set: { a: 'b' } });
  expect(await getPluginData(plugin, key())).toEqual({ state: 'seen' });
  const all = await listPluginData(plugin, { resource });
  expect(all).toMatchObject([
    { name: resource, resourceKind: 'access_request', entries: { router: { state: 'seen' }, other: { a: 'b' } } },
  ]);
  expect((await listPluginData(plugin, { resource, plugin: 'nobody' })).length).toBe(0);
  await updatePluginData(plugin, key(), { set: { state: '' } });
  expect(await getPluginData(plugin, key())).toEqual({});
});

test('what is not as expected is not written over', async () => {
  await updatePluginData(plugin, key(), { set: { state: 'seen' }, expect: { state: '' } });
  await expect(updatePluginData(plugin, key(), { set: { state: 'x' }, expect: { state: '' } })).rejects.toMatchObject({
    code: 'compare_failed',
    message: 'expectations not met for field "state"',
  });
  await updatePluginData(plugin, key(), { set: { state: 'done' }, expect: { state: 'seen' } });
  expect(await getPluginData(plugin, key())).toEqual({ state: 'done' });
});

test('it takes a request, and the right', async () => {
  const nobody = { resource: '00000000-0000-4000-8000-000000000000', plugin: 'router' };
  await expect(updatePluginData(plugin, nobody, { set: { a: 'b' } })).rejects.toMatchObject({ code: 'not_found' });
  expect(await getPluginData(plugin, nobody)).toEqual({});
  for (const act of [() => getPluginData(asker, key()), () => updatePluginData(asker, key(), { set: { a: 'b' } })]) {
    await expect(act()).rejects.toMatchObject({ code: 'access_denied' });
  }
  await expect(getPluginData(plugin, { resource: '', plugin: 'p' })).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(getPluginData(plugin, { resource, plugin: '' })).rejects.toMatchObject({ code: 'bad_parameter' });
  const set = { a: 'x'.repeat(1_000_000) };
  await expect(updatePluginData(plugin, key(), { set })).rejects.toThrow('plugin data size limit exceeded');
});

test('it outlives its request by an hour, deleted or not', async () => {
  await updatePluginData(plugin, key(), { set: { state: 'seen' } });
  await deleteAccessRequest(plugin, resource);
  const [data] = await listPluginData(plugin, { resource });
  expect(data?.expires).toBeInstanceOf(Date);
  await clock.advance((data?.expires?.getTime() ?? 0) - clock.now() - 1);
  expect(await getPluginData(plugin, key())).toEqual({ state: 'seen' });
  await clock.advance(1);
  expect(await getPluginData(plugin, key())).toEqual({});
});

describe('swapping', () => {
  test('of eight that claim the same, one is told that it has it', async () => {
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        swapPluginData(plugin, key(), (entry) => (entry.owner ? undefined : { ...entry, owner: `r${index}` })),
      ),
    );
    expect(claims.filter(({ isWritten }) => isWritten)).toHaveLength(1);
    const [owner] = new Set(claims.map(({ entry }) => entry.owner));
    expect(await getPluginData(plugin, key())).toEqual({ owner });
    expect(new Set(claims.map(({ entry }) => entry.owner)).size).toBe(1);
  });

  test('counts right, whoever counts beside', async () => {
    const count = (): Promise<unknown> =>
      swapPluginData(plugin, key(), ({ n = '0', ...rest }) => ({ ...rest, n: `${Number(n) + 1}` }), { attempts: 100 });
    await Promise.all(Array.from({ length: 10 }, count));
    expect(await getPluginData(plugin, key())).toEqual({ n: '10' });
  });

  test('gives up in the end, and says why', async () => {
    let calls = 0;
    const swap = swapPluginData(
      plugin,
      key(),
      (entry) => {
        calls += 1;
        cluster.faults.next('UpdatePluginData', { code: 9, message: 'expectations not met for field "n"' });
        return { ...entry, n: 'x' };
      },
      { attempts: 3 },
    );
    await expect(swap).rejects.toMatchObject({ code: 'compare_failed' });
    expect(calls).toBe(3);
    await expect(swapPluginData(plugin, key(), () => ({}), { attempts: 0 })).rejects.toMatchObject({
      code: 'bad_parameter',
    });
  });

  test('passes on what the function throws, and writes nothing for nothing', async () => {
    const failure = new Error('mine');
    const swap = swapPluginData(plugin, key(), () => {
      throw failure;
    });
    await expect(swap).rejects.toBe(failure);
    const calls = cluster.calls.count('UpdatePluginData');
    expect(await swapPluginData(plugin, key(), () => undefined)).toEqual({ entry: {}, isWritten: false });
    expect(await swapPluginData(plugin, key(), (entry) => entry)).toEqual({ entry: {}, isWritten: false });
    expect(cluster.calls.count('UpdatePluginData')).toBe(calls);
  });

  test('leads from any entry to any other', async () => {
    const entry = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'toString'), fc.constantFrom('', '1', '2'));
    const kept = (given: PluginDataEntry): PluginDataEntry =>
      Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ''));
    await fc.assert(
      fc.asyncProperty(entry, entry, async (first, second) => {
        for (const wanted of [first, second]) {
          const { entry: now } = await swapPluginData(plugin, key(), () => wanted);
          expect(Object.entries(now).sort()).toEqual(Object.entries(kept(wanted)).sort());
          const stored = await getPluginData(plugin, key());
          expect(Object.entries(stored).sort()).toEqual(Object.entries(kept(wanted)).sort());
        }
      }),
      { numRuns: process.env.SOAK ? 1_000 : 25 },
    );
  }, 300_000);
});
