import { newToken, safeTokenName } from '@teleport-ts/api-types/resources/token';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, startAreaCluster } from '../../test-support/area-cluster.ts';
import { createToken, deleteToken, getToken, getTokens, upsertToken } from './tokens.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
  await it.cluster.upsertBot({ name: 'ci', roles: ['guest'] });
});
afterAll(() => it[Symbol.asyncDispose]());

test('a token is made once, read, replaced and removed', async () => {
  const { client } = it;
  const expires = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
  const token = newToken({ name: 'a-secret-of-16-ch', roles: ['bot'], botName: 'ci', expires });
  await createToken(client, token);
  await expect(createToken(client, token)).rejects.toMatchObject({ code: 'already_exists' });
  const read = await getToken(client, 'a-secret-of-16-ch');
  expect(read).toMatchObject({ roles: ['Bot'], joinMethod: 'token', botName: 'ci', expires });
  expect(safeTokenName(read)).toBe('************16-ch');

  const config = { Kubernetes: { Type: '', Allow: [{ ServiceAccount: 'ci:deployer' }], StaticJWKS: undefined } };
  await upsertToken(
    client,
    newToken({ name: 'kube', roles: ['Bot'], botName: 'ci', joinMethod: 'kubernetes', config }),
  );
  const tokens = await getTokens(client);
  expect(tokens.map(({ name, joinMethod }) => [name, joinMethod]).sort()).toEqual([
    ['a-secret-of-16-ch', 'token'],
    ['kube', 'kubernetes'],
  ]);
  const kube = await getToken(client, 'kube');
  expect(kube.raw.Spec?.Kubernetes?.Type).toBe('in_cluster');
  expect(safeTokenName(kube)).toBe('kube');
  await upsertToken(client, newToken({ ...kube, botName: 'other' }));
  expect(await getToken(client, 'kube')).toMatchObject({ botName: 'other', joinMethod: 'kubernetes' });
  await deleteToken(client, 'kube');
  await expect(getToken(client, 'kube')).rejects.toMatchObject({ code: 'not_found' });
  await expect(deleteToken(client, 'kube')).rejects.toMatchObject({ code: 'not_found' });
});

test('tokens are not for everybody', async () => {
  await expect(getTokens(it.guest)).rejects.toMatchObject({ code: 'access_denied' });
  await expect(getToken(it.guest, 'x')).rejects.toMatchObject({ code: 'access_denied' });
});
