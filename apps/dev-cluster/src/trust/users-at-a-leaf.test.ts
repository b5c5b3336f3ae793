import { encodeClusterName } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { UsersServiceDefinition } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authOf, RootAndLeaf } from '../testing/root-and-leaf.ts';
import { wireKey } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let both: RootAndLeaf;
let { root, leaf } = {} as RootAndLeaf;

beforeAll(async () => {
  both = await RootAndLeaf.start();
  ({ root, leaf } = both);
});

afterAll(() => both[Symbol.asyncDispose]());

const as: RootAndLeaf['as'] = (...args) => both.as(...args);
const ping = (client: WireClient) => client.call(AuthServiceDefinition, 'ping', {});

describe('at the leaf’s auth service', () => {
  it('a user of the root has the mapped roles and a name of its own', async () => {
    const { user } = await (await as('alice', leaf)).call(UsersServiceDefinition, 'getUser', { currentUser: true });
    expect(user?.Metadata?.Name).toBe('remote-alice-root.test');
    expect(user?.Spec?.Roles).toEqual(['deployer', 'boss']);
    expect(user?.Spec?.Traits?.Values.get('logins')?.Values).toEqual(['root', '-teleport-internal-join']);
    const named = (await as('alice', leaf)).call(UsersServiceDefinition, 'getUser', {
      name: 'remote-alice-root.test',
    });
    expect(await wireStatus(named)).toMatchObject({ code: 5 });
  });

  it('who has no mapped role is denied everything', async () => {
    const bob = await as('bob', leaf);
    const denied = { code: 7, details: 'access denied' };
    expect(await wireStatus(ping(bob))).toEqual(denied);
    expect(await wireStatus(bob.call(AuthServiceDefinition, 'getDomainName', {}))).toEqual(denied);
  });

  it('sees what the mapped roles may use', async () => {
    const names = async (user: string): Promise<unknown[]> => {
      const client = await as(user, leaf);
      const request = { ResourceType: 'app_server', Namespace: 'default', Limit: 10 };
      const { Resources } = await client.call(AuthServiceDefinition, 'listResources', request);
      return Resources.map(({ resource }) => resource?.$case === 'AppServer' && resource.value.Metadata?.Name);
    };
    expect(await names('carol')).toEqual(['far']);
    expect(await names('alice')).toEqual(['far', 'hidden']);
    const other = (await as('carol', leaf)).call(AuthServiceDefinition, 'getRole', { Name: 'boss' });
    expect(await wireStatus(other)).toEqual({
      code: 7,
      details: 'access denied to perform action "read" on "role"',
    });
  });

  it('gets no certificates', async () => {
    const issue = (client: WireClient, Username: string) => {
      const { tlsPublicKey } = wireKey();
      const Expires = toTimestamp(Date.now() + 600_000);
      return wireStatus(
        client.call(AuthServiceDefinition, 'generateUserCerts', { Username, Expires, TLSPublicKey: tlsPublicKey }),
      );
    };
    const [alice, carol] = [await as('alice', leaf), await as('carol', leaf)];
    const impersonation = { code: 7, details: 'access denied: impersonation is not allowed' };
    expect(await issue(carol, 'carol')).toEqual(impersonation);
    expect(await issue(carol, 'alice')).toEqual(impersonation);
    expect(await issue(carol, 'remote-carol-root.test')).toEqual({ code: 7, details: 'access denied' });
    expect(await issue(alice, 'alice')).toEqual({ code: 7, details: 'access denied' });
  });

  it('the server name narrows to the cluster that issued the certificate', async () => {
    const [hexRoot, hexLeaf] = [encodeClusterName('root.test'), encodeClusterName('leaf.test')];
    expect(await ping(await as('alice', leaf, hexRoot))).toMatchObject({ ClusterName: 'leaf.test' });
    expect(await wireStatus(ping(await as('alice', leaf, hexLeaf)))).toMatchObject({ code: 14 });
    expect(await wireStatus(ping(await as('alice', root, hexLeaf)))).toMatchObject({ code: 14 });
    const anonymous = authOf(leaf, undefined, hexRoot);
    both.kept(anonymous);
    expect(await ping(anonymous)).toMatchObject({ ClusterName: 'leaf.test' });
  });

  it('a certificate of the leaf is worth nothing at the root', async () => {
    leaf.upsertUser({ name: 'dave', roles: ['boss'] });
    const dave = authOf(root, await leaf.issueUserCredentials({ user: 'dave' }));
    both.kept(dave);
    expect(await wireStatus(ping(dave))).toMatchObject({ code: 14 });
  });

  it.each([
    ['its name at the root', { user: 'carol' }],
    ['its name at the leaf', { user: 'remote-carol-root.test' }],
    ['a mapped role', { role: 'deployer' }],
  ])('a lock on %s holds', async (_what, target) => {
    const carol = await as('carol', leaf);
    expect(await ping(carol)).toMatchObject({ ClusterName: 'leaf.test' });
    const lock = leaf.lock(target);
    expect(await wireStatus(ping(carol))).toEqual({ code: 7, details: 'access denied' });
    leaf.unlock(lock);
    expect(await ping(carol)).toMatchObject({ ClusterName: 'leaf.test' });
  });
});
