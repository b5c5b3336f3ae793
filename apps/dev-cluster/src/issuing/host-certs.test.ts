import { parseSshCertificate, type RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { userClient, wireKey } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';

let cluster: DevCluster;
let signer: WireClient;

beforeAll(async () => {
  cluster = await DevCluster.start({ name: 'root.example' });
  cluster.upsertRole({
    name: 'signer',
    allow: { rules: [{ resources: ['host_cert', 'lock'], verbs: ['create', 'update', 'delete'] }] },
  });
  cluster.upsertRole({ name: 'nothing' });
  cluster.upsertUser({ name: 'alice', roles: ['signer'] });
  cluster.upsertUser({ name: 'bob', roles: ['nothing'] });
  signer = await userClient(cluster, 'alice');
});

afterAll(async () => {
  signer.close();
  await cluster.stop();
});

type Request = RequestInput<(typeof Trust)['methods']['generateHostCert']>;

const good = (): Request => ({
  key: wireKey().sshPublicKey,
  principals: ['h1.example.com'],
  clusterName: 'root.example',
  role: 'Node',
  ttl: { seconds: 3600n, nanos: 0 },
});

const sign = (request: Request, client = signer) => client.call(Trust, 'generateHostCert', { ...good(), ...request });
const certificate = async (request: Request) => parseSshCertificate((await sign(request)).sshCertificate.toString());

describe('GenerateHostCert', () => {
  it('certifies the host under the name of the cluster', async () => {
    const signed = await certificate({});
    expect(signed).toMatchObject({ keyId: '', principals: ['h1.example.com'] });
    expect(Object.fromEntries(signed.extensions)).toEqual({
      'x-teleport-authority': 'root.example',
      'x-teleport-role': 'Node',
    });
    const { validAfter, validBefore } = signed;
    expect(Number(validBefore) - Number(validAfter)).toBe(3_660_000);
    expect((await certificate({ ttl: undefined })).validBefore).toBeUndefined();
  });

  it.each([
    [{ hostId: 'h', nodeName: 'n' }, 'h.root.example h n.root.example n localhost 127.0.0.1 ::1 h1.example.com'],
    [{ hostId: 'h', nodeName: 'h', principals: [] }, 'h.root.example h localhost 127.0.0.1 ::1'],
    [{ hostId: 'h', nodeName: 'n', role: 'Admin' }, 'h h1.example.com'],
    [{ hostId: 'h', clusterName: 'other', principals: ['x', 'x'] }, 'h.other h localhost 127.0.0.1 ::1 x'],
  ])('adds the names of the host: %j', async (request, principals) => {
    expect((await certificate(request)).principals.join(' ')).toBe(principals);
  });

  it.each([
    [{ role: 'Nope' }, 3, 'role Nope is not registered'],
    [{ role: 'node' }, 3, 'role node is not registered'],
    [{ principals: [] }, 3, 'ssh host certificate request missing host ID and principals'],
    [{ clusterName: '' }, 3, 'ssh host certificate request missing cluster name'],
    [{ key: Buffer.from('junk') }, 2, 'ssh: no key found'],
  ])('refuses %j', async (request, code, details) => {
    expect(await wireStatus(sign(request))).toEqual({ code, details });
  });

  it('needs the right to it, and a host that is not locked', async () => {
    using bob = await userClient(cluster, 'bob');
    expect(await wireStatus(sign({}, bob))).toEqual({
      code: 7,
      details: 'access denied to perform action "create" on "host_cert"',
    });
    const Metadata = { Name: 'lock-h2' };
    await signer.call(Auth, 'upsertLock', { Metadata, Spec: { Target: { ServerID: 'h2' }, Message: 'stolen' } });
    expect(await wireStatus(sign({ hostId: 'h2' }))).toEqual({
      code: 7,
      details: 'lock targeting ServerID:"h2" is in force: stolen',
    });
    await signer.call(Auth, 'deleteLock', { Name: 'lock-h2' });
    await sign({ hostId: 'h2' });
  });
});
