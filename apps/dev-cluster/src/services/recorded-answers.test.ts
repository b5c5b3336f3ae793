import { ClusterConfigServiceDefinition as Config } from '@teleport-ts/api-types/proto/teleport/clusterconfig/v1/cluster_config_service';
import { ListBotsResponse } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot';
import { ListBotInstancesResponse } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance';
import { BotInstanceServiceDefinition as Instances } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { GetLocksResponse } from '@teleport-ts/api-types/proto/teleport/proto/locks';
import { PingResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';
import { ListResourcesResponse } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { GetCertAuthoritiesResponse } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { ClusterNameV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_name';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { GetUserResponse } from '@teleport-ts/api-types/proto/teleport/users/v1/users';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { recordedMessage, settled } from '../testing/recorded.ts';
import { anonymousClient, userClient, WireBot } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';

// Whole answers, against those of a Teleport 18.0.0 in which the same things were set up.

let cluster: DevCluster;
let alice: WireClient;
let bot: WireBot;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.example' });
  cluster.upsertRole({
    name: 'admin',
    allow: { rules: [{ resources: ['*'], verbs: ['*'] }], appLabels: { '*': '*' } },
  });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  for (const name of ['deployer', 'viewer', 'routerbot', 'hostcerts']) cluster.upsertRole({ name });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer', 'viewer', 'routerbot', 'hostcerts'] });
  await cluster.addApplication({ name: 'foo', uri: 'http://127.0.0.1:15900', labels: { env: 'demo' } });
  alice = await userClient(cluster, 'alice');
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
});

afterAll(async () => {
  alice.close();
  bot.client.close();
  await cluster.stop();
});

describe('answers about the cluster', () => {
  it('Ping', async () => {
    using client = anonymousClient(cluster);
    const ours = await client.call(Auth, 'ping', {});
    const theirs = recordedMessage('ping', PingResponse);
    expect(settled(ours)).toEqual(settled(theirs));
  });

  it('GetClusterName and GetAuthPreference', async () => {
    const name = await bot.client.call(Config, 'getClusterName', {});
    expect(settled(name)).toEqual(settled(recordedMessage('get-cluster-name', ClusterNameV2)));
    const preference = await bot.client.call(Config, 'getAuthPreference', {});
    expect(settled(preference)).toEqual(settled(recordedMessage('get-auth-preference', AuthPreferenceV2)));
  });

  it('GetCertAuthorities, the client authority of databases included', async () => {
    const own = ({ certAuthoritiesV2 }: GetCertAuthoritiesResponse) =>
      certAuthoritiesV2.filter(({ Metadata }) => Metadata?.Name === 'root.example').map((ca) => settled(ca));
    for (const type of ['host', 'user', 'db', 'db_client', 'openssh']) {
      const ours = await bot.client.call(Trust, 'getCertAuthorities', { type });
      const name = `get-cert-authorities-${type.replace('_', '-')}`;
      expect(own(ours)).toEqual(own(recordedMessage(name, GetCertAuthoritiesResponse)));
    }
    expect(await bot.client.call(Trust, 'getCertAuthorities', { type: 'nope' })).toMatchObject({
      certAuthoritiesV2: [],
    });
    expect(await wireStatus(bot.client.call(Trust, 'getCertAuthority', { type: 'host', domain: 'nope' }))).toEqual({
      code: 5,
      details: '"cert_authority" "host/nope" does not exist',
    });
  });
});

describe('answers about bots', () => {
  it('GetRole of a bot by itself', async () => {
    const ours = await bot.client.call(Auth, 'getRole', { Name: 'bot-ci' });
    expect(settled(ours)).toEqual(settled(recordedMessage('get-role-own-bot', RoleV6)));
  });

  it('GetUser', async () => {
    const { user } = await alice.call(Users, 'getUser', { name: 'bot-ci' });
    const recorded = recordedMessage('get-user-bot', GetUserResponse);
    recorded.user!.Spec!.CreatedBy!.User = user!.Spec!.CreatedBy!.User;
    expect(settled({ user })).toEqual(settled(recorded));
    expect(await bot.client.call(Users, 'getUser', { currentUser: true })).toEqual({ user, _unknownFields: {} });
  });

  it('ListBots', async () => {
    const ours = await alice.call(Bots, 'listBots', {});
    const [theirs] = recordedMessage('list-bots', ListBotsResponse).bots;
    expect(settled(ours.bots)).toEqual([settled(theirs)]);
  });

  it('ListBotInstances, after a renewal', async () => {
    await bot.issue();
    const { botInstances } = await alice.call(Instances, 'listBotInstances', {});
    const recorded = recordedMessage('list-bot-instances-renewed', ListBotInstancesResponse).botInstances[0]!;
    recorded.status!.initialHeartbeat = undefined;
    recorded.status!.latestHeartbeats = [];
    recorded.metadata!.name = botInstances[0]!.metadata!.name;
    expect(settled(botInstances)).toEqual([settled(recorded)]);
  });

  it('GetLocks after a mismatch', async () => {
    await cluster.upsertBot({ name: 'router', roles: [] });
    using router = await WireBot.join(cluster, await cluster.createToken({ botName: 'router' }));
    await router.issue();
    await wireStatus(router.issue());
    const ours = await alice.call(Auth, 'getLocks', {});
    const theirs = recordedMessage('get-locks-after-mismatch', GetLocksResponse);
    theirs.Locks[0]!.Metadata!.Name = ours.Locks[0]!.Metadata!.Name;
    expect(settled(ours)).toEqual(settled(theirs));
  });
});

describe('listing of applications', () => {
  it('answers as recorded', async () => {
    const ours = await alice.call(Auth, 'listResources', {
      ResourceType: 'app_server',
      PredicateExpression: 'name == "foo"',
      Limit: 1,
    });
    const theirs = recordedMessage('list-resources-app-server-predicate', ListResourcesResponse);
    const server = (answer: ListResourcesResponse) => {
      const { resource } = answer.Resources[0]!;
      if (resource?.$case !== 'AppServer') throw new Error('no application server');
      // A heartbeat of the real one ends after a few minutes and says on which host it was.
      return { ...resource.value, Metadata: { ...resource.value.Metadata, Expires: undefined } };
    };
    const [our, their] = [server(ours), server(theirs)];
    const host = { Hostname: '', Version: '' };
    expect(settled({ ...our, Spec: { ...our.Spec, ...host, App: 0 } })).toEqual(
      settled({ ...their, Spec: { ...their.Spec, ...host, App: 0 } }),
    );
    // The recorded one comes from a configuration file, which is marked by a label.
    their.Spec!.App!.Metadata!.Labels.delete('teleport.dev/origin');
    expect(settled(our.Spec?.App)).toEqual(settled(their.Spec?.App));
  });

  it('filters by labels, search and roles, and pages', async () => {
    for (const name of ['a1', 'a2', 'a3']) await cluster.addApplication({ name, labels: { team: 'a' } });
    cluster.upsertRole({ name: 'team-b', allow: { appLabels: { team: 'b' } } });
    await cluster.upsertBot({ name: 'b', roles: ['team-b'] });
    const list = async (request: object, client = alice) => {
      const answer = await client.call(Auth, 'listResources', { ResourceType: 'app_server', ...request });
      const names = answer.Resources.map(({ resource }) =>
        resource?.$case === 'AppServer' ? resource.value.Metadata?.Name : '',
      );
      return { names, next: answer.NextKey, total: answer.TotalCount };
    };
    expect((await list({ Labels: new Map([['team', 'a']]) })).names).toEqual(['a1', 'a2', 'a3']);
    expect((await list({ SearchKeywords: ['A2'] })).names).toEqual(['a2']);
    const first = await list({ Limit: 2 });
    expect(first).toMatchObject({ names: ['a1', 'a2'], total: 0 });
    expect(await list({ Limit: 2, StartKey: first.next })).toMatchObject({ names: ['a3', 'foo'], next: '' });
    const sorted = await list({ Limit: 3, NeedTotalCount: true, SortBy: { Field: 'name', IsDesc: true } });
    expect(sorted).toMatchObject({ names: ['foo', 'a3', 'a2'], total: 4 });
    expect((await list({ Limit: 3, StartKey: sorted.next, SortBy: { Field: 'name', IsDesc: true } })).names).toEqual([
      'a1',
    ]);

    using b = await WireBot.join(cluster, await cluster.createToken({ botName: 'b' }));
    using output = b.as(await b.issue({ UseRoleRequests: true, RoleRequests: ['team-b'] }));
    expect((await list({}, output.client)).names).toEqual([]);
    await cluster.addApplication({ name: 'b1', labels: { team: 'b' } });
    expect((await list({}, output.client)).names).toEqual(['b1']);
    cluster.removeApplication('b1');
    expect((await list({}, output.client)).names).toEqual([]);
  });
});
