import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { PresenceServiceDefinition as Presence } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdministeredCluster, startAdministeredCluster } from '../testing/administered-cluster.ts';
import { WireBot } from '../testing/wire-bot.ts';
import { wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

// What an administrator writes is read back, and means something.

let scene: AdministeredCluster;
let { clock, cluster, admin, viewer } = {} as AdministeredCluster;

beforeAll(async () => {
  scene = await startAdministeredCluster();
  ({ clock, cluster, admin, viewer } = scene);
});

afterAll(() => scene[Symbol.asyncDispose]());

describe('roles', () => {
  it('are made with defaults and changed by who has read the latest revision', async () => {
    const made = await admin.call(Auth, 'createRole', { Role: { Metadata: { Name: 'made' } } });
    expect(made).toMatchObject({
      Kind: 'role',
      Version: 'v8',
      Spec: { Options: { MaxSessionTTL: 108_000_000_000_000n } },
    });
    expect(made.Metadata?.Revision).not.toBe('');
    const changed = await admin.call(Auth, 'updateRole', {
      Role: { ...made, Metadata: { ...made.Metadata, Description: 'changed' } },
    });
    expect(changed.Metadata?.Revision).not.toBe(made.Metadata?.Revision);
    expect((await wireStatus(admin.call(Auth, 'updateRole', { Role: made }))).code).toBe(9);
    expect((await admin.call(Auth, 'getRole', { Name: 'made' })).Metadata?.Description).toBe('changed');
    await admin.call(Auth, 'deleteRole', { Name: 'made' });
    expect((await wireStatus(admin.call(Auth, 'deleteRole', { Name: 'made' }))).code).toBe(5);
  });

  it('that somebody holds stay', async () => {
    expect((await wireStatus(admin.call(Auth, 'deleteRole', { Name: 'viewer' }))).code).toBe(2);
  });

  it('are listed in pages', async () => {
    const names = async (StartKey: string) => {
      const page = await admin.call(Auth, 'listRoles', { Limit: 1, StartKey });
      return { names: page.Roles.map(({ Metadata }) => Metadata?.Name), next: page.NextKey };
    };
    const first = await names('');
    expect(first).toEqual({ names: ['boss'], next: 'viewer' });
    expect(await names(first.next)).toEqual({ names: ['viewer'], next: '' });
    const found = await admin.call(Auth, 'listRoles', { Filter: { SearchKeywords: ['VIEW'] } });
    expect(found.Roles).toHaveLength(1);
  });

  it('need the right rules', async () => {
    const Role = { Metadata: { Name: 'mine' } };
    for (const call of [
      viewer.call(Auth, 'createRole', { Role }),
      viewer.call(Auth, 'upsertRoleV2', { Role }),
      viewer.call(Auth, 'updateRole', { Role }),
      viewer.call(Auth, 'deleteRole', { Name: 'boss' }),
      viewer.call(Auth, 'listRoles', {}),
    ]) {
      expect((await wireStatus(call)).code).toBe(7);
    }
    expect((await viewer.call(Auth, 'getRole', { Name: 'viewer' })).Metadata?.Name).toBe('viewer');
  });

  it('without the message are refused, and nothing breaks', async () => {
    expect((await wireStatus(admin.call(Auth, 'upsertRoleV2', {}))).code).toBe(3);
    await admin.call(Auth, 'ping', {});
  });
});

describe('users', () => {
  it('are made, changed and removed', async () => {
    const user = { Metadata: { Name: 'carol' }, Spec: { Roles: ['viewer'] } };
    const made = await admin.call(Users, 'createUser', { user });
    expect(made.user).toMatchObject({
      Kind: 'user',
      Spec: { Roles: ['viewer'], CreatedBy: { User: { Name: 'alice' } } },
    });
    expect((await wireStatus(admin.call(Users, 'createUser', { user }))).code).toBe(6);
    await admin.call(Users, 'upsertUser', { user: { ...user, Spec: { Roles: ['boss'] } } });
    expect((await admin.call(Users, 'getUser', { name: 'carol' })).user?.Spec?.Roles).toEqual(['boss']);
    expect((await admin.call(Users, 'listUsers', { pageSize: 2 })).nextPageToken).toBe('carol0');
    await admin.call(Users, 'deleteUser', { name: 'carol' });
    expect((await wireStatus(admin.call(Users, 'deleteUser', { name: 'carol' }))).code).toBe(5);
  });

  it('cannot be given a role that is not there', async () => {
    const user = { Metadata: { Name: 'carol' }, Spec: { Roles: ['nope'] } };
    expect(await wireStatus(admin.call(Users, 'upsertUser', { user }))).toEqual({
      code: 5,
      details: 'role nope is not found',
    });
  });
});

describe('bots and tokens', () => {
  it('made over the wire let a bot join', async () => {
    const bot = {
      metadata: { name: 'my bot' },
      spec: { roles: ['viewer'], traits: [{ name: 'logins', values: ['b'] }] },
    };
    const made = await admin.call(Bots, 'createBot', { bot });
    expect(made).toMatchObject({
      status: { userName: 'bot-my-bot', roleName: 'bot-my-bot' },
      spec: { roles: ['viewer'], traits: [{ name: 'logins', values: ['b'] }], maxSessionTtl: { seconds: 43_200n } },
    });
    const value = ProvisionTokenV2.create({
      Metadata: { Name: 'secret', Expires: toTimestamp(clock.now() + 60_000) },
      Spec: { Roles: ['Bot'], BotName: 'my bot' },
    });
    await admin.call(Auth, 'createTokenV2', { Token: { $case: 'V2', value } });
    expect((await admin.call(Auth, 'getToken', { Name: 'secret' })).Spec?.JoinMethod).toBe('token');
    using joined = await WireBot.join(cluster, 'secret');
    expect(joined.own.identity).toMatchObject({ botName: 'my bot', traits: { logins: ['b'] } });
    expect((await admin.call(Auth, 'getTokens', {})).ProvisionTokens).toEqual([]);

    await admin.call(Bots, 'deleteBot', { botName: 'my bot' });
    expect((await wireStatus(joined.client.call(Auth, 'ping', {}))).code).toBe(5);
  });

  it('are refused when they make no sense', async () => {
    const put = (Spec: object) => {
      const value = ProvisionTokenV2.create({ Metadata: { Name: 't' }, Spec });
      return wireStatus(admin.call(Auth, 'upsertTokenV2', { Token: { $case: 'V2', value } }));
    };
    expect((await put({ Roles: ['Bot'] })).code).toBe(3);
    expect((await put({ Roles: ['Node'], BotName: 'x' })).code).toBe(3);
    expect((await put({ Roles: [] })).code).toBe(3);
    expect((await wireStatus(admin.call(Bots, 'createBot', { bot: { metadata: { name: '' }, spec: {} } }))).code).toBe(
      3,
    );
  });
});

describe('locks', () => {
  it('are put in force, found by target, and lifted', async () => {
    const lock = { Metadata: { Name: 'l1' }, Spec: { Target: { User: 'bob' }, Message: 'pause' } };
    await admin.call(Auth, 'upsertLock', lock);
    expect((await wireStatus(viewer.call(Auth, 'ping', {}))).code).toBe(7);
    const find = async (target: object) => (await admin.call(Auth, 'getLocks', { Targets: [target] })).Locks.length;
    expect(await find({ User: 'bob' })).toBe(1);
    expect(await find({ User: 'bob', Role: 'viewer' })).toBe(0);
    expect((await admin.call(Auth, 'getLock', { Name: 'l1' })).Spec?.CreatedBy).toBe('alice');
    await admin.call(Auth, 'deleteLock', { Name: 'l1' });
    await viewer.call(Auth, 'ping', {});
  });

  it('that have run out are not in force', async () => {
    const Expires = toTimestamp(clock.now() - 1);
    await admin.call(Auth, 'upsertLock', { Metadata: { Name: 'l2' }, Spec: { Target: { User: 'bob' }, Expires } });
    await viewer.call(Auth, 'ping', {});
    expect((await admin.call(Auth, 'getLocks', { InForceOnly: true })).Locks).toEqual([]);
    expect((await admin.call(Auth, 'getLocks', {})).Locks).toHaveLength(1);
  });
});

describe('what this cluster has none of', () => {
  it('is listed as none', async () => {
    expect(await viewer.call(Presence, 'listRemoteClusters', {})).toMatchObject({
      remoteClusters: [],
      nextPageToken: '',
    });
    expect(await viewer.call(Auth, 'listResources', { ResourceType: 'node' })).toMatchObject({ Resources: [] });
  });
});
