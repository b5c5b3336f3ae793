import { newAuthPreference } from '@teleport-ts/api-types/resources/auth-preference';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, startAreaCluster } from '../../test-support/area-cluster.ts';
import {
  getAuthPreference,
  getClusterName,
  resetAuthPreference,
  updateAuthPreference,
  upsertAuthPreference,
} from './cluster.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
});
afterAll(() => it[Symbol.asyncDispose]());

test('the name of the cluster', async () => {
  expect(await getClusterName(it.guest)).toMatchObject({
    clusterName: 'root.test',
    clusterId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('the preference is read by all, and changed by who has read it last', async () => {
  const { client } = it;
  const read = await getAuthPreference(it.guest);
  expect(read).toMatchObject({
    type: 'local',
    secondFactors: ['otp'],
    lockingMode: 'best_effort',
    allowLocalAuth: true,
  });
  const wanted = newAuthPreference({ ...read, messageOfTheDay: 'mind the step' });
  const changed = await updateAuthPreference(client, wanted);
  expect(changed).toMatchObject({ messageOfTheDay: 'mind the step', secondFactors: ['otp'] });
  await expect(updateAuthPreference(client, wanted)).rejects.toMatchObject({ code: 'compare_failed' });
  expect(await upsertAuthPreference(client, newAuthPreference({ ...changed, lockingMode: 'strict' }))).toMatchObject({
    lockingMode: 'strict',
    messageOfTheDay: 'mind the step',
  });
  await expect(upsertAuthPreference(it.guest, wanted)).rejects.toMatchObject({ code: 'access_denied' });
  expect(await resetAuthPreference(client)).toMatchObject({ messageOfTheDay: '', lockingMode: 'best_effort' });
});
