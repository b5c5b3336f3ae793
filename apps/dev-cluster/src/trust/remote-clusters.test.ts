import { parseTlsIdentity } from '@teleport-ts/api-types';
import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RootAndLeaf } from '../testing/root-and-leaf.ts';
import { wireKey } from '../testing/wire-bot.ts';
import { wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

let both: RootAndLeaf;
let { root, leaf } = {} as RootAndLeaf;

beforeAll(async () => {
  both = await RootAndLeaf.start();
  ({ root, leaf } = both);
});

afterAll(() => both[Symbol.asyncDispose]());

const as: RootAndLeaf['as'] = (...args) => both.as(...args);

describe('the root’s list of leaves', () => {
  const presence = PresenceServiceDefinition;

  it('has the leaf, online', async () => {
    const client = await as('carol', root);
    const { remoteClusters } = await client.call(presence, 'listRemoteClusters', {});
    expect(remoteClusters).toMatchObject([
      { Kind: 'remote_cluster', Version: 'v3', Metadata: { Name: 'leaf.test' }, Status: { Connection: 'online' } },
    ]);
    expect(await client.call(presence, 'getRemoteCluster', { name: 'leaf.test' })).toEqual(remoteClusters[0]);
    const atLeaf = await (await as('carol', leaf)).call(presence, 'listRemoteClusters', {});
    expect(atLeaf.remoteClusters).toEqual([]);
  });

  it('refuses in the words of the real one', async () => {
    const [alice, carol] = [await as('alice', root), await as('carol', root)];
    const cluster = (Name: string) => ({ Kind: 'remote_cluster', Version: 'v3', Metadata: { Name } });
    expect(await wireStatus(alice.call(presence, 'getRemoteCluster', { name: 'nosuch' }))).toEqual({
      code: 5,
      details: 'not found',
    });
    expect(await wireStatus(alice.call(presence, 'getRemoteCluster', {}))).toEqual({
      code: 3,
      details: 'name: must be specified',
    });
    expect(await wireStatus(carol.call(presence, 'deleteRemoteCluster', { name: 'leaf.test' }))).toEqual({
      code: 7,
      details: 'access denied to perform action "delete" on "remote_cluster"',
    });
    const missing = { code: 5, details: 'remote cluster "nosuch" is not found' };
    expect(await wireStatus(alice.call(presence, 'deleteRemoteCluster', { name: 'nosuch' }))).toEqual(missing);
    expect(await wireStatus(alice.call(presence, 'updateRemoteCluster', { remoteCluster: cluster('nosuch') }))).toEqual(
      missing,
    );
    expect(await wireStatus(alice.call(presence, 'deleteRemoteCluster', { name: 'root.test' }))).toEqual({
      code: 3,
      details: 'remote cluster "root.test" is the name of this root cluster and cannot be removed.',
    });
    expect(await wireStatus(alice.call(presence, 'updateRemoteCluster', {}))).toEqual({
      code: 3,
      details: 'remote_cluster: must not be nil',
    });
    const odd = { remoteCluster: cluster('leaf.test'), updateMask: ['Metadata.Foo'] };
    expect(await wireStatus(alice.call(presence, 'updateRemoteCluster', odd))).toEqual({
      code: 3,
      details: 'unsupported field: "Metadata.Foo"',
    });
  });

  it('shows a labelled leaf to those whose roles name its labels', async () => {
    const alice = await as('alice', root);
    const relabel = (Labels: Map<string, string>) =>
      alice.call(presence, 'updateRemoteCluster', {
        remoteCluster: { Metadata: { Name: 'leaf.test', Labels } },
        updateMask: ['Metadata.Labels'],
      });
    root.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' }, logins: ['root'] } });
    await relabel(new Map([['env', 'prod']]));
    const carol = await as('carol', root);
    expect((await carol.call(presence, 'listRemoteClusters', {})).remoteClusters).toEqual([]);
    const { tlsPublicKey } = wireKey();
    const routed = {
      Username: 'carol',
      Expires: toTimestamp(Date.now() + 600_000),
      TLSPublicKey: tlsPublicKey,
      RouteToCluster: 'leaf.test',
    };
    expect(await wireStatus(carol.call(AuthServiceDefinition, 'generateUserCerts', routed))).toEqual({
      code: 5,
      details: 'remote cluster "leaf.test" not found',
    });
    await relabel(new Map());
    expect((await carol.call(presence, 'listRemoteClusters', {})).remoteClusters).toHaveLength(1);
    const { TLS } = await carol.call(AuthServiceDefinition, 'generateUserCerts', routed);
    expect(parseTlsIdentity(TLS).routeToCluster).toBe('leaf.test');
  });
});
