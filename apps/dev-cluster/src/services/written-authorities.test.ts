import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { DevCluster } from '../dev-cluster.ts';
import { createAuthority } from '../pki/cert-authority.ts';
import { issueTlsCertificate } from '../pki/tls-certificate.ts';
import { userClient, wireKey } from '../testing/wire-bot.ts';
import { WireClient, wireStatus } from '../testing/wire-client.ts';

let cluster: DevCluster;
let admin: WireClient;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.test' });
  cluster.upsertRole({ name: 'boss', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
  cluster.upsertUser({ name: 'alice', roles: ['boss'] });
  admin = await userClient(cluster, 'alice');
});

afterAll(async () => {
  admin.close();
  await cluster.stop();
});

const read = (type: string, domain: string, includeKey = false) =>
  admin.call(Trust, 'getCertAuthority', { type, domain, includeKey });
const upsert = (certAuthority: object) => admin.call(Trust, 'upsertCertAuthority', { certAuthority });

function visitorOf(clusterName: string) {
  const authority = createAuthority({ type: 'user', clusterName, clock: systemClock });
  const { key, tlsPublicKey } = wireKey();
  const notAfter = new Date(Date.now() + 3_600_000);
  const identity = { user: 'eve', roles: ['remote'] };
  const cert = issueTlsCertificate(authority, { publicKey: tlsPublicKey.toString(), identity, notAfter });
  const keys = {
    SSH: [{ PublicKey: Buffer.from(authority.ssh.publicKey), PrivateKey: Buffer.alloc(0) }],
    TLS: [{ Cert: Buffer.from(authority.tls.certificate), Key: Buffer.from('none of your business') }],
  };
  const client = () => new WireClient({ address: cluster.authAddress, ca: admin.ca, identity: { key, cert } });
  return { keys, client };
}

it('an authority of another cluster lets its users in by its map, and out when it is gone', async () => {
  const { keys, client } = visitorOf('far.test');
  const RoleMap = [{ Remote: 'remote', Local: ['boss'] }];
  await upsert({ Spec: { Type: 'user', ClusterName: 'far.test', ActiveKeys: keys, RoleMap } });
  using eve = client();
  expect(await eve.call(Auth, 'ping', {})).toMatchObject({ ClusterName: 'root.test' });
  const { Spec } = await read('user', 'far.test', true);
  expect(Spec?.ActiveKeys?.TLS[0]?.Key).toEqual(Buffer.alloc(0));
  await admin.call(Trust, 'deleteCertAuthority', { type: 'user', domain: 'far.test' });
  using again = client();
  expect(await wireStatus(again.call(Auth, 'ping', {}))).toMatchObject({ code: 14 });
});

it('an authority whose certificate is none lets nobody in and keeps nobody out', async () => {
  const { keys, client } = visitorOf('odd.test');
  const ActiveKeys = { ...keys, TLS: [{ Cert: Buffer.from('nonsense') }] };
  await upsert({ Spec: { Type: 'user', ClusterName: 'odd.test', ActiveKeys } });
  using eve = client();
  expect(await wireStatus(eve.call(Auth, 'ping', {}))).toMatchObject({ code: 14 });
  using bob = await userClient(cluster, 'alice');
  await bob.call(Auth, 'ping', {});
});

it('an own authority is replaced, and follows from then on', async () => {
  const before = await read('db', 'root.test', true);
  const other = createAuthority({ type: 'db', clusterName: 'root.test', clock: systemClock });
  const pair = (authority: typeof other) => {
    const Key = Buffer.from(authority.tls.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    return { Cert: Buffer.from(authority.tls.certificate), Key };
  };
  const Spec = {
    ...{ Type: 'db', ClusterName: 'root.test', ActiveKeys: { TLS: [pair(other)] } },
    AdditionalTrustedKeys: before.Spec?.ActiveKeys,
  };
  await upsert({ Spec });
  const after = await read('db', 'root.test');
  expect(after.Spec?.ActiveKeys?.TLS[0]?.Cert.toString()).toBe(other.tls.certificate);
  expect(after.Spec?.AdditionalTrustedKeys?.TLS[0]?.Cert).toEqual(before.Spec?.ActiveKeys?.TLS[0]?.Cert);
  expect(after.Metadata?.Revision).not.toBe(before.Metadata?.Revision);
  const without = { TLS: [{ Cert: Buffer.from(other.tls.certificate) }] };
  expect(await wireStatus(upsert({ Spec: { ...Spec, ActiveKeys: without } }))).toEqual({
    code: 3,
    details: 'this cluster takes its own authority db with private keys only',
  });
});

it('an own authority stays', async () => {
  const removal = admin.call(Trust, 'deleteCertAuthority', { type: 'user', domain: 'root.test' });
  expect((await wireStatus(removal)).code).toBe(3);
  expect((await read('user', 'root.test')).Spec?.ActiveKeys?.TLS).toHaveLength(1);
});
