import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { authOf, LEAVES, RootAndLeaf } from '../testing/root-and-leaf.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';

let both: RootAndLeaf;
let { root, leaf } = {} as RootAndLeaf;

beforeAll(async () => {
  both = await RootAndLeaf.start();
  ({ root, leaf } = both);
});

afterAll(() => both[Symbol.asyncDispose]());

const as: RootAndLeaf['as'] = (...args) => both.as(...args);

describe('trust', () => {
  it('gives the root the host authority of the leaf, and the leaf what it needs of the root', async () => {
    const known = async (cluster: DevCluster, type: string): Promise<unknown[]> => {
      const client = await as('alice', cluster);
      const answer = await client.call(TrustServiceDefinition, 'getCertAuthorities', { type });
      return answer.certAuthoritiesV2.map(({ Spec }) => [
        Spec?.Type,
        Spec?.ClusterName,
        Spec?.RoleMap.map(({ Remote, Local }) => [Remote, ...Local].join('>')).join() || undefined,
      ]);
    };
    const roleMap = 'deployer>deployer,boss>boss';
    expect(await known(root, 'host')).toEqual([
      ['host', 'leaf.test', undefined],
      ['host', 'root.test', undefined],
    ]);
    expect(await known(root, 'user')).toEqual([['user', 'root.test', undefined]]);
    expect(await known(leaf, 'user')).toEqual([
      ['user', 'leaf.test', undefined],
      ['user', 'root.test', roleMap],
    ]);
    expect(await known(leaf, 'db')).toEqual([
      ['db', 'leaf.test', undefined],
      ['db', 'root.test', undefined],
      ['db_client', 'leaf.test', undefined],
    ]);
    const foreign = (await known(leaf, '')).filter((each) => (each as string[])[1] === 'root.test');
    expect(foreign.map((each) => (each as string[])[0])).toEqual(['db', 'host', 'openssh', 'user']);
  });

  it('hands out no private key of another cluster, and answers for one authority by name', async () => {
    const [atRoot, atLeaf] = [await as('alice', root), await as('alice', leaf)];
    const get = (client: WireClient, type: string, domain: string) =>
      client.call(TrustServiceDefinition, 'getCertAuthority', { type, domain, includeKey: true });
    const { Metadata, Spec } = await get(atLeaf, 'user', 'root.test');
    expect(Metadata?.Name).toBe('root.test');
    expect(Spec?.ActiveKeys?.TLS[0]?.Cert.toString()).toContain('BEGIN CERTIFICATE');
    expect([Spec?.ActiveKeys?.TLS[0]?.Key, Spec?.ActiveKeys?.SSH[0]?.PrivateKey]).toEqual([
      Buffer.alloc(0),
      Buffer.alloc(0),
    ]);
    expect(await wireStatus(get(atRoot, 'user', 'leaf.test'))).toEqual({
      code: 5,
      details: '"cert_authority" "user/leaf.test" does not exist',
    });
  });

  it('follows the rotation of an authority', async () => {
    const client = await as('alice', leaf);
    const keys = async (): Promise<(number | undefined)[]> => {
      const { Spec } = await client.call(TrustServiceDefinition, 'getCertAuthority', {
        type: 'host',
        domain: 'root.test',
      });
      return [Spec?.ActiveKeys?.TLS.length, Spec?.AdditionalTrustedKeys?.TLS.length];
    };
    expect(await keys()).toEqual([1, 0]);
    await root.rotate('host', 'init');
    expect(await keys()).toEqual([1, 1]);
    await root.rotate('host', 'rollback');
    await root.rotate('host', 'standby');
    expect(await keys()).toEqual([1, 0]);
  });
});

it('an unknown leaf is told together with the known ones', () => {
  expect(() => root.leaf('nosuch')).toThrow('there is no leaf "nosuch"; leaves: leaf.test');
});

it('trust, ports and authorities outlive a restart', async () => {
  await using directory = await TemporaryDirectory.create();
  const dataDir = directory.join('data');
  const before = await RootAndLeaf.start({ dataDir });
  const facts = ({ root, leaf }: { root: DevCluster; leaf: DevCluster }) =>
    [root, leaf].map(({ authAddress, proxyAddress, caPins }) => ({ authAddress, proxyAddress, caPins }));
  const kept = facts(before);
  const carol = await before.root.issueUserCredentials({ user: 'carol' });
  await before.root.stop();

  await using root = await DevCluster.start({ dataDir, leaves: LEAVES });
  const leaf = root.leaf('leaf.test');
  expect(facts({ root, leaf })).toEqual(kept);
  using client = authOf(leaf, carol);
  expect(await client.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: 'leaf.test' });
  await root.restart();
  expect(await client.call(AuthServiceDefinition, 'ping', {})).toMatchObject({ ClusterName: 'leaf.test' });
  await root.stop();

  await using alone = await DevCluster.start({ dataDir });
  using atRoot = authOf(alone, await alone.issueUserCredentials({ user: 'carol' }));
  const known = await atRoot.call(PresenceServiceDefinition, 'getRemoteCluster', { name: 'leaf.test' });
  expect(known.Status?.Connection).toBe('offline');
});
