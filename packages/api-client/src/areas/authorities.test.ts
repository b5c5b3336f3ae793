import { X509Certificate } from 'node:crypto';
import { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AreaCluster, startAreaCluster } from '../../test-support/area-cluster.ts';
import {
  deleteCertAuthority,
  getCertAuthorities,
  getCertAuthority,
  getClusterCaCert,
  getHostCaCerts,
  rotateCertAuthority,
  upsertCertAuthority,
} from './authorities.ts';

let it: AreaCluster;
beforeAll(async () => {
  it = await startAreaCluster({ leaves: [{ name: 'leaf.test', roleMap: {} }] });
});
afterAll(() => it[Symbol.asyncDispose]());

test('authorities are read without their private keys', async () => {
  const host = await getCertAuthority(it.client, { type: 'host', clusterName: 'root.test' });
  expect(host).toMatchObject({ name: 'root.test', type: 'host', subKind: 'host', clusterName: 'root.test' });
  expect(host.tlsCertificates).toEqual(it.cluster.hostCaPems);
  expect(host.sshPublicKeys[0]).toMatch(/^(ssh|ecdsa)-\S+ \S+$/);
  expect(host.active.tlsCertificates).toEqual(host.tlsCertificates);
  expect(host.raw.Spec?.ActiveKeys?.TLS[0]?.Key).toHaveLength(0);
  const missing = getCertAuthority(it.client, { type: 'host', clusterName: 'nosuch.test' });
  await expect(missing).rejects.toMatchObject({ code: 'not_found' });
  expect((await getCertAuthorities(it.client, 'db')).map(({ type }) => type).sort()).toEqual(['db', 'db_client']);
});

test('the host authorities of leaves come from their root', async () => {
  const hosts = await getCertAuthorities(it.guest, 'host');
  expect(hosts.map(({ clusterName }) => clusterName).sort()).toEqual(['leaf.test', 'root.test']);
  const leaf = await getHostCaCerts(it.guest, 'leaf.test');
  expect(leaf).toEqual(it.cluster.leaf('leaf.test').hostCaPems);
  expect(await getClusterCaCert(it.guest)).toEqual(it.cluster.hostCaPems);
  expect(new X509Certificate(leaf[0] ?? '').subject).toContain('leaf.test');
});

test('a rotation adds a generation, which is trusted before it signs', async () => {
  const { client } = it;
  const id = { type: 'db', clusterName: 'root.test' } as const;
  const before = await getCertAuthority(client, id);
  await rotateCertAuthority(client, { type: 'db', gracePeriodMs: 3_600_000 });
  const during = await getCertAuthority(client, id);
  expect(during.rotation).toMatchObject({
    state: 'in_progress',
    phase: 'init',
    mode: 'manual',
    gracePeriodMs: 3_600_000,
  });
  expect(during.tlsCertificates).toHaveLength(2);
  expect(during.active).toEqual(before.active);
  await rotateCertAuthority(client, { type: 'db', targetPhase: 'update_clients' });
  const after = await getCertAuthority(client, id);
  expect(after.active.tlsCertificates).not.toEqual(before.active.tlsCertificates);
  const skipped = rotateCertAuthority(client, { type: 'db', targetPhase: 'init' });
  await expect(skipped).rejects.toMatchObject({ code: 'bad_parameter' });
  await expect(rotateCertAuthority(it.guest, { type: 'db' })).rejects.toMatchObject({ code: 'access_denied' });
});

test('an authority of somebody else is trusted, and forgotten again', async () => {
  const { client } = it;
  const { raw } = await getCertAuthority(client, { type: 'host', clusterName: 'root.test' });
  const other = { type: 'host', clusterName: 'other.test' } as const;
  const foreign = CertAuthorityV2.fromPartial({
    ...raw,
    Metadata: { Name: 'other.test' },
    Spec: { ...raw.Spec, ClusterName: 'other.test' },
  });
  expect(await upsertCertAuthority(client, foreign)).toMatchObject(other);
  expect(await getHostCaCerts(client, 'other.test')).toEqual(it.cluster.hostCaPems);
  await deleteCertAuthority(client, other);
  await expect(getHostCaCerts(client, 'other.test')).rejects.toMatchObject({ code: 'not_found' });
  await expect(upsertCertAuthority(it.guest, foreign)).rejects.toMatchObject({ code: 'access_denied' });
});
