import type { GenericDefinition, MethodName, RequestInput } from '@teleport-ts/api-types';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { JoinServiceDefinition as Join } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { recordedError } from '../testing/recorded.ts';
import { anonymousClient, userClient, WireBot, wireKey } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

// Code and text of each refusal, against what a Teleport 18.0.0 answered to the same request.

let cluster: DevCluster;
let bot: WireBot;
const clients: Record<string, WireClient> = {};

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.example' });
  cluster.upsertRole({ name: 'admin', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  for (const name of ['deployer', 'viewer', 'sink']) cluster.upsertRole({ name });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  cluster.upsertUser({ name: 'bob', roles: ['viewer'] });
  await cluster.upsertBot({ name: 'ci', roles: ['deployer', 'viewer'] });
  bot = await WireBot.join(cluster, await cluster.createToken({ botName: 'ci' }));
  clients.alice = await userClient(cluster, 'alice');
  clients.bob = await userClient(cluster, 'bob');
  clients.none = anonymousClient(cluster);
});

afterAll(async () => {
  for (const client of Object.values(clients)) client.close();
  bot.client.close();
  await cluster.stop();
});

type Case<D extends GenericDefinition, N extends MethodName<D>> = [D, N, RequestInput<D['methods'][N]>];

async function refused<D extends GenericDefinition, N extends MethodName<D>>(
  caller: WireClient | undefined,
  name: string,
  ...[definition, method, request]: Case<D, N>
): Promise<void> {
  expect(await wireStatus((caller as WireClient).call(definition, method, request))).toEqual(recordedError(name));
}

describe('rules', () => {
  it('names what is missing', async () => {
    await refused(clients.bob, 'access-denied-get-role', Auth, 'getRole', { Name: 'sink' });
    await refused(clients.none, 'access-denied-no-certificate', Auth, 'getRole', { Name: 'sink' });
    await refused(clients.bob, 'access-denied-tokens', Auth, 'getTokens', {});
  });
});

describe('resources', () => {
  it('are not found', async () => {
    await refused(clients.alice, 'not-found-role', Auth, 'getRole', { Name: 'nope' });
    await refused(clients.alice, 'not-found-token', Auth, 'getToken', { Name: 'nope' });
    await refused(clients.alice, 'not-found-user', Users, 'getUser', { name: 'nope' });
    await refused(clients.alice, 'not-found-bot', Bots, 'getBot', { botName: 'nope' });
  });

  it('exist already', async () => {
    const ci = { metadata: { name: 'ci' }, spec: { roles: ['viewer'] } };
    await refused(clients.alice, 'already-exists-bot', Bots, 'createBot', { bot: ci });
    const role = { Metadata: { Name: 'viewer' } };
    // The recorded text is the database's own.
    expect((await wireStatus((clients.alice as WireClient).call(Auth, 'createRole', { Role: role }))).code).toBe(6);
  });

  it('are refused', async () => {
    await refused(clients.alice, 'bad-parameter-lock', Auth, 'upsertLock', {
      Metadata: { Name: 'l' },
      Spec: { Target: {} },
    });
    await refused(clients.alice, 'bad-parameter-role', Auth, 'createRole', { Role: { Spec: {} } });
    const stale = { Metadata: { Name: 'viewer', Revision: '00000000-0000-4000-8000-000000000000' } };
    await refused(clients.alice, 'compare-failed-update-role', Auth, 'updateRole', { Role: stale });
  });

  it('are listed by kinds and predicates that are known', async () => {
    await refused(clients.alice, 'unsupported-resource-type', Auth, 'listResources', { ResourceType: 'nonsense' });
    const broken = { ResourceType: 'app_server', PredicateExpression: 'name == ' };
    await refused(clients.alice, 'bad-parameter-predicate', Auth, 'listResources', broken);
  });
});

describe('calls', () => {
  it('that nobody knows', async () => {
    const asIs = (bytes: Buffer): Buffer => bytes;
    const call = (path: string) => (clients.alice as WireClient).raw(path, Buffer.alloc(0), asIs, asIs);
    expect(await wireStatus(call('/proto.AuthService/CreateAccessRequest'))).toEqual(
      recordedError('unimplemented-method'),
    );
    expect(await wireStatus(call('/teleport.nope.v1.Nope/Nope'))).toEqual(recordedError('unimplemented-service'));
  });

  it('of a client that is too old lose their connection', async () => {
    using old = anonymousClient(cluster, { version: '15.0.0' });
    expect((await wireStatus(old.call(Auth, 'ping', {}))).code).toBe(recordedError('old-client').code);
  });
});

describe('joining', () => {
  const join = (name: string, request: RequestInput<(typeof Join)['methods']['registerUsingToken']>) => {
    const keys = wireKey();
    return refused(clients.none, name, Join, 'registerUsingToken', {
      NodeName: 'node-1',
      Role: 'Bot',
      PublicTLSKey: keys.tlsPublicKey,
      ...request,
    } as typeof request);
  };

  it('is refused', async () => {
    const alice = clients.alice as WireClient;
    const token = (name: string, Spec: object): ProvisionTokenV2 =>
      ProvisionTokenV2.create({ Metadata: { Name: name }, Spec });
    const put = (value: ProvisionTokenV2) => alice.call(Auth, 'upsertTokenV2', { Token: { $case: 'V2', value } });
    await put(token('for-nodes', { Roles: ['Node'], JoinMethod: 'token' }));
    await put(
      token('gh', { Roles: ['Bot'], BotName: 'ci', JoinMethod: 'github', GitHub: { Allow: [{ Repository: 'a/b' }] } }),
    );
    await join('join-unknown-token', { Token: 'nope' });
    await join('join-wrong-role', { Token: 'for-nodes', HostID: 'h' });
    await join('join-wrong-method', { Token: 'gh' });
  });
});

describe('GenerateUserCerts', () => {
  const cases: [string, Parameters<WireBot['issue']>[0]][] = [
    ['certs-no-role-requests', { UseRoleRequests: true }],
    ['certs-other-user', { Username: 'alice' }],
    ['certs-unknown-role', { UseRoleRequests: true, RoleRequests: ['nope'] }],
    ['certs-role-not-impersonable', { UseRoleRequests: true, RoleRequests: ['sink'] }],
    ['certs-expired', { UseRoleRequests: true, RoleRequests: ['viewer'], Expires: toTimestamp(1_000_000) }],
    ['certs-unknown-leaf', { UseRoleRequests: true, RoleRequests: ['viewer'], RouteToCluster: 'nope.example' }],
    ['certs-unknown-kube', { UseRoleRequests: true, RoleRequests: ['viewer'], KubernetesCluster: 'nope' }],
    [
      'certs-no-public-key',
      { UseRoleRequests: true, RoleRequests: ['viewer'], TLSPublicKey: Buffer.alloc(0), SSHPublicKey: Buffer.alloc(0) },
    ],
    [
      'certs-bad-public-key',
      {
        UseRoleRequests: true,
        RoleRequests: ['viewer'],
        TLSPublicKey: Buffer.from('no pem'),
        SSHPublicKey: Buffer.alloc(0),
      },
    ],
  ];

  it.each(cases)('%s', async (name, request) => {
    const expected = recordedError(name);
    expect(await wireStatus(bot.issue(request))).toEqual(expected);
  });

  it('with a certificate that may not be reissued', async () => {
    using output = bot.as(await bot.issue({ UseRoleRequests: true, RoleRequests: ['viewer'] }));
    expect(await wireStatus(output.issue())).toEqual(recordedError('certs-disallow-reissue'));
  });

  it('with a lock on a requested role', async () => {
    const lock = cluster.lock({ role: 'viewer', message: 'under review' });
    const request = { UseRoleRequests: true, RoleRequests: ['viewer'] };
    expect(await wireStatus(bot.issue(request))).toEqual(recordedError('certs-locked-role'));
    cluster.unlock(lock);
    await bot.issue(request);
  });

  it('with a generation that is behind', async () => {
    await cluster.upsertBot({ name: 'router', roles: ['viewer'] });
    using first = await WireBot.join(cluster, await cluster.createToken({ botName: 'router' }));
    await first.issue();
    const { details, code } = recordedError('generation-mismatch');
    const expected = details.replace(/router\/\S+:/, `router/${first.own.identity.botInstanceId}:`);
    expect(await wireStatus(first.issue())).toEqual({ code, details: expected });
    expect(await wireStatus(first.issue())).toEqual(recordedError('bot-locked'));
    expect(await wireStatus(first.client.call(Auth, 'ping', {}))).toEqual(recordedError('locked-user'));
  });
});
