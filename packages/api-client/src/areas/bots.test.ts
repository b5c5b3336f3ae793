import { generateKeyPairSync } from 'node:crypto';
import { newBot } from '@teleport-ts/api-types/resources/bot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, collected, startAreaCluster } from '../../test-support/area-cluster.ts';
import { joinOverWeb } from '../web/index.ts';
import {
  createBot,
  deleteBot,
  deleteBotInstance,
  getBot,
  getBotInstance,
  listBotInstances,
  listBotInstancesPage,
  listBots,
  listBotsPage,
  updateBot,
  upsertBot,
} from './bots.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster();
});
afterAll(() => it[Symbol.asyncDispose]());

test('a bot is made once, read, changed field by field, and removed', async () => {
  const { client } = it;
  const made = await createBot(
    client,
    newBot({ name: 'ci', roles: ['guest'], traits: { team: 'a' }, labels: { env: 'x' } }),
  );
  expect(made).toMatchObject({
    name: 'ci',
    roles: ['guest'],
    traits: { team: ['a'] },
    labels: { env: 'x' },
    maxSessionTtlMs: 43_200_000,
    userName: 'bot-ci',
    roleName: 'bot-ci',
  });
  await expect(createBot(client, made.raw)).rejects.toMatchObject({ code: 'already_exists' });
  expect(await getBot(client, 'ci')).toEqual(made);
  const changed = await updateBot(client, { name: 'ci', roles: ['root'], maxSessionTtlMs: 3_600_000 });
  expect(changed).toMatchObject({ roles: ['root'], traits: { team: ['a'] }, maxSessionTtlMs: 3_600_000 });
  expect(await updateBot(client, { name: 'ci', traits: {} })).toMatchObject({ roles: ['root'], traits: {} });
  await expect(updateBot(client, { name: 'nosuch', roles: [] })).rejects.toMatchObject({ code: 'not_found' });
  await expect(updateBot(client, { name: 'ci' })).rejects.toMatchObject({ code: 'bad_parameter' });
  expect(await upsertBot(client, newBot({ name: 'ci' }))).toMatchObject({ roles: [] });
  await deleteBot(client, 'ci');
  await expect(getBot(client, 'ci')).rejects.toMatchObject({ code: 'not_found' });
  expect(() => newBot({ name: '' })).toThrow('metadata.name: must be non-empty');
});

test('bots are listed in pages', async () => {
  for (const name of ['a', 'b', 'c']) await upsertBot(it.client, newBot({ name, roles: ['guest'] }));
  const bots = await collected(listBots(it.client, { pageSize: 2 }));
  expect(bots.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  // Pages are of users, of whom the first two are people.
  expect(await listBotsPage(it.client, { pageSize: 2 })).toMatchObject({
    items: [],
    nextToken: expect.stringMatching(/./),
  });
  await expect(collected(listBots(it.guest))).rejects.toMatchObject({ code: 'access_denied' });
});

test('an agent that joined is an instance', async () => {
  const { client, cluster } = it;
  await upsertBot(client, newBot({ name: 'ci', roles: ['guest'] }));
  for (const token of ['token-1', 'token-2']) {
    await cluster.createToken({ name: token, botName: 'ci' });
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    const request = { Role: 'Bot', Token: token, NodeName: 'n', PublicTLSKey: Buffer.from(key.toString()) };
    await joinOverWeb(cluster.proxyAddress, request, { webCa: [cluster.webCaPem] });
  }
  const instances = await collected(listBotInstances(client, { botName: 'ci', pageSize: 1 }));
  expect(instances).toHaveLength(2);
  const [first] = instances;
  expect(first).toMatchObject({ botName: 'ci', previousInstanceId: '', latestHeartbeats: [] });
  expect(first?.initialAuthentication).toMatchObject({ joinMethod: 'token', generation: 1, at: expect.any(Date) });
  const id = { botName: 'ci', instanceId: first?.instanceId ?? '' };
  expect(await getBotInstance(client, id)).toEqual(first);
  expect((await listBotInstancesPage(client, { searchTerm: id.instanceId })).items).toEqual([first]);
  expect((await listBotInstancesPage(client, { botName: 'other' })).items).toEqual([]);
  await deleteBotInstance(client, id);
  await expect(getBotInstance(client, id)).rejects.toMatchObject({ code: 'not_found' });
});
