// What the builders refuse, a real cluster refuses too, in the same words.
import type { MessageCodec } from '@teleport-ts/api-types';
import { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import { KubernetesClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import * as application from '@teleport-ts/api-types/resources/application';
import * as authPreference from '@teleport-ts/api-types/resources/auth-preference';
import * as database from '@teleport-ts/api-types/resources/database';
import * as kubernetesCluster from '@teleport-ts/api-types/resources/kubernetes-cluster';
import * as lock from '@teleport-ts/api-types/resources/lock';
import * as node from '@teleport-ts/api-types/resources/node';
import * as role from '@teleport-ts/api-types/resources/role';
import * as token from '@teleport-ts/api-types/resources/token';
import * as user from '@teleport-ts/api-types/resources/user';
import { teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RealAreaCluster, startRealAreaCluster } from '../../test-support/real-area-cluster.ts';
import type { Caller } from '../calls/caller.ts';
import { createApplication } from './applications.ts';
import { upsertAuthPreference } from './cluster.ts';
import { createDatabase } from './databases.ts';
import { createKubernetesCluster } from './kubernetes-clusters.ts';
import { upsertLock } from './locks.ts';
import { upsertNode } from './nodes.ts';
import { upsertRole } from './roles.ts';
import { upsertToken } from './tokens.ts';
import { upsertUser } from './users.ts';

const selector = (key: string, ...Values: string[]) => ({ Values: new Map([[key, { Values }]]) });
const named = { Metadata: { Name: 'x' } };
const label = { Metadata: { Name: 'x', Labels: new Map([['a key', 'v']]) } };
const origin = { Metadata: { Name: 'x', Labels: new Map([['teleport.dev/origin', 'me']]) } };
const namespace = { Metadata: { Name: 'x', Namespace: 'other' } };

type Input<C> = C extends { fromPartial(object: infer T): unknown } ? T : never;
type RoleSpec = NonNullable<Input<typeof RoleV6>['Spec']>;
const withSpec = (Spec: RoleSpec, Version = 'v8'): Input<typeof RoleV6> => ({ ...named, Version, Spec });

const roles: Readonly<Record<string, Input<typeof RoleV6>>> = {
  label,
  origin,
  namespace,
  'namespace of a condition': withSpec({ Allow: { Namespaces: ['other'] } }),
  'host user mode': withSpec({ Options: { CreateHostUserMode: 9 as 1 } }),
  'kind of Kubernetes, v7': withSpec(
    { Allow: { KubernetesResources: [{ Kind: 'odd', Name: 'a', Namespace: 'b' }] } },
    'v7',
  ),
  'kind of Kubernetes, v8': withSpec({ Allow: { KubernetesResources: [{ Kind: 'pod', Name: 'a', Namespace: 'b' }] } }),
  'kind of Kubernetes, v5': withSpec(
    { Allow: { KubernetesResources: [{ Kind: 'secret', Name: 'a', Namespace: 'b' }] } },
    'v5',
  ),
  'verb of Kubernetes': withSpec({ Allow: { KubernetesResources: [{ Kind: 'pods', Name: 'a', Verbs: ['odd'] }] } }),
  recording: withSpec({ Options: { BPF: ['odd'] } }),
  'locking mode': withSpec({ Options: { Lock: 'odd' } }),
  logins: withSpec({ Allow: { Logins: ['*'] } }),
  'database roles': withSpec({ Allow: { DatabaseRoles: ['*'] } }),
  'selector for all keys': withSpec({ Allow: { AppLabels: selector('*', 'x') } }),
  'database permissions, none': withSpec({ Allow: { DatabasePermissions: [{ Match: selector('a', 'b') }] } }),
  'database permissions, empty': withSpec({ Deny: { DatabasePermissions: [{ Permissions: [''] }] } }),
  'database permissions, all': withSpec({ Allow: { DatabasePermissions: [{ Permissions: ['*'] }] } }),
  'database permissions, selector': withSpec({
    Deny: { DatabasePermissions: [{ Permissions: ['a'], Match: selector('*', 'b') }] },
  }),
  'SPIFFE, no path': withSpec({ Allow: { SPIFFE: [{}] } }),
  'SPIFFE, path': withSpec({ Allow: { SPIFFE: [{ Path: 'a' }] } }),
  'SPIFFE, range': withSpec({ Deny: { SPIFFE: [{ Path: '/a', IPSANs: ['10.0.0.0/8', '10.0.0.300/8'] }] } }),
  'SPIFFE, range of IPv6': withSpec({ Deny: { SPIFFE: [{ Path: '/a', IPSANs: ['fe80::/10', 'fe80::/129'] }] } }),
  'rule without resources': withSpec({ Allow: { Rules: [{ Verbs: ['read'] }] } }),
  'rule without verbs': withSpec({ Deny: { Rules: [{ Resources: ['role'] }] } }),
  'impersonation without roles': withSpec({ Allow: { Impersonate: { Users: ['a'] } } }),
  'impersonation where denied': withSpec({ Deny: { Impersonate: { Where: 'true' } } }),
};

type TokenSpec = NonNullable<Input<typeof ProvisionTokenV2>['Spec']>;
const node18 = (Spec: TokenSpec): Input<typeof ProvisionTokenV2> => ({ ...named, Spec: { Roles: ['Node'], ...Spec } });
const tokens: Readonly<Record<string, Input<typeof ProvisionTokenV2>>> = {
  label,
  'no roles': named,
  'unknown role': node18({ Roles: ['Odd'] }),
  'role twice': node18({ Roles: ['Node', 'node'] }),
  'bot without name': node18({ Roles: ['Bot'] }),
  'name without bot': node18({ BotName: 'x' }),
  'join method': node18({ JoinMethod: 'odd' }),
  'rules of a secret': node18({ JoinMethod: 'token', Allow: [{ AWSAccount: '1' }] }),
  ec2: node18({ JoinMethod: 'ec2' }),
  iam: node18({ JoinMethod: 'iam', Allow: [{ AWSRole: 'r' }] }),
  github: node18({ JoinMethod: 'github', GitHub: { Allow: [{}] } }),
  gitlab: node18({ JoinMethod: 'gitlab', GitLab: { Allow: [] } }),
  circleci: node18({ JoinMethod: 'circleci' }),
  kubernetes: node18({ JoinMethod: 'kubernetes', Kubernetes: { Type: 'odd', Allow: [{ ServiceAccount: 'a:b' }] } }),
  azure: node18({ JoinMethod: 'azure', Azure: { Allow: [{}] } }),
  gcp: node18({ JoinMethod: 'gcp', GCP: { Allow: [{}] } }),
  bitbucket: node18({ JoinMethod: 'bitbucket', Bitbucket: {} }),
  terraform: node18({ JoinMethod: 'terraform_cloud', TerraformCloud: {} }),
};

type PreferenceSpec = NonNullable<Input<typeof AuthPreferenceV2>['Spec']>;
const otp = (Spec: PreferenceSpec): Input<typeof AuthPreferenceV2> => ({ Spec: { SecondFactors: [1], ...Spec } });
const preferences: Readonly<Record<string, Input<typeof AuthPreferenceV2>>> = {
  type: otp({ Type: 'odd' }),
  'both ways': otp({ SecondFactor: 'otp' }),
  webauthn: otp({ SecondFactors: [2] }),
  'webauthn without a domain': otp({ SecondFactors: [2], Webauthn: {} }),
  passwordless: otp({ AllowPasswordless: { Value: true } }),
  headless: otp({ AllowHeadless: { Value: true } }),
  'no local factor': otp({ SecondFactors: [3] }),
  connector: otp({ ConnectorName: 'odd' }),
  'connector that is off': otp({ ConnectorName: 'headless' }),
  'locking mode': otp({ LockingMode: 'odd' }),
};

type AppSpec = NonNullable<Input<typeof AppV3>['Spec']>;
const app = (Spec: AppSpec): Input<typeof AppV3> => ({ Kind: 'app', ...named, Spec: { URI: 'http://a', ...Spec } });
const openSsh = (Spec: NonNullable<Input<typeof ServerV2>['Spec']>): Input<typeof ServerV2> => ({
  ...named,
  Kind: 'node',
  SubKind: 'openssh',
  Spec: { Addr: 'a:22', Hostname: 'h', ...Spec },
});
const db = (Spec: NonNullable<Input<typeof DatabaseV3>['Spec']>): Input<typeof DatabaseV3> => ({
  ...named,
  Kind: 'db',
  Spec: { Protocol: 'postgres', URI: 'a:1', ...Spec },
});
const kube = (Spec: NonNullable<Input<typeof KubernetesClusterV3>['Spec']>): Input<typeof KubernetesClusterV3> => ({
  ...named,
  Kind: 'kube_cluster',
  Spec,
});

interface Case {
  readonly what: string;
  readonly check: () => unknown;
  readonly send: (client: Caller) => Promise<unknown>;
}

function cases<M>(
  kind: string,
  bad: Readonly<Record<string, unknown>>,
  codec: MessageCodec<M>,
  check: (message: M) => M,
  send: (client: Caller, message: M) => Promise<unknown>,
): Case[] {
  return Object.entries(bad).map(([what, input]) => {
    const message = codec.fromPartial(input);
    return { what: `${kind}: ${what}`, check: () => check(message), send: (client) => send(client, message) };
  });
}

const all: Case[] = [
  ...cases('role', roles, RoleV6, role.checkAndSetDefaults, upsertRole),
  ...cases('token', tokens, ProvisionTokenV2, token.checkAndSetDefaults, upsertToken),
  ...cases('preference', preferences, AuthPreferenceV2, authPreference.checkAndSetDefaults, upsertAuthPreference),
  ...cases('lock', { 'no target': named, label }, LockV2, lock.checkAndSetDefaults, upsertLock),
  ...cases(
    'user',
    {
      label,
      origin,
      'identity without connector': { ...named, Spec: { OIDCIdentities: [{ Username: 'a' }] } },
      'identity without name': { ...named, Spec: { OIDCIdentities: [{ ConnectorID: 'a' }] } },
    },
    UserV2,
    user.checkAndSetDefaults,
    upsertUser,
  ),
  ...cases(
    'application',
    {
      label: { ...app({}), ...label },
      'no address': app({ URI: '' }),
      cloud: app({ Cloud: 'odd' }),
      'reserved host': app({ PublicAddr: 'kube-teleport-proxy-alpn.a' }),
      claims: app({ Rewrite: { JWTClaims: 'odd' } }),
      'port beside ports': app({ URI: 'tcp://a:1', TCPPorts: [{ Port: 1 }] }),
      'range of ports': app({ URI: 'tcp://a', TCPPorts: [{ Port: 7, EndPort: 3 }] }),
    },
    AppV3,
    application.checkAndSetDefaults,
    createApplication,
  ),
  ...cases(
    'database',
    {
      name: { ...db({}), Metadata: { Name: '1' } },
      'no protocol': db({ Protocol: '' }),
      'no address': db({ URI: '' }),
      'version of another': db({ MySQL: { ServerVersion: '8' } }),
    },
    DatabaseV3,
    database.checkAndSetDefaults,
    createDatabase,
  ),
  ...cases(
    'Kubernetes cluster',
    {
      name: { ...kube({}), Metadata: { Name: 'a b' } },
      Azure: kube({ Azure: { ResourceName: 'a' } }),
      AWS: kube({ AWS: { Region: 'a' } }),
      GCP: kube({ GCP: { Location: 'a', ProjectID: 'b' } }),
    },
    KubernetesClusterV3,
    kubernetesCluster.checkAndSetDefaults,
    createKubernetesCluster,
  ),
  ...cases(
    'node',
    {
      'sub kind': { ...openSsh({}), SubKind: 'odd' },
      'no address': openSsh({ Addr: '' }),
      'no port': openSsh({ Addr: 'a' }),
      'public address': openSsh({ publicAddrs: ['a'] }),
      'label of a command': openSsh({ CmdLabels: new Map([['a key', { Period: 0n, Command: [], Result: '' }]]) }),
      'cloud of an instance': { ...openSsh({}), SubKind: 'openssh-ec2-ice' },
    },
    ServerV2,
    node.checkAndSetDefaults,
    upsertNode,
  ),
];

const failure = async (call: () => unknown): Promise<unknown> => {
  try {
    await call();
    return 'taken';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message };
  }
};

describe.skipIf(!teleportBinDir())('a bad resource is refused by a real Teleport 18 as by the builders', () => {
  let it: RealAreaCluster;
  beforeAll(async () => {
    it = await startRealAreaCluster();
  });
  afterAll(() => it?.[Symbol.asyncDispose]());

  test.each(all.map((each) => ({ ...each })))('$what', async ({ check, send }) => {
    const refused = await failure(check);
    expect(refused).toMatchObject({ code: 'bad_parameter' });
    expect(await failure(() => send(it.client))).toEqual(refused);
  });

  test('what its edition does not have, and a host name that it makes itself, come first', async () => {
    const { client } = it;
    const bound = ProvisionTokenV2.fromPartial(node18({ JoinMethod: 'bound_keypair', BoundKeypair: {} }));
    expect(() => token.checkAndSetDefaults(bound)).toThrow('spec.bound_keypair.onboarding is required');
    await expect(upsertToken(client, bound)).rejects.toThrow('bound keypair joining experiment is not enabled');
    const trust = AuthPreferenceV2.fromPartial(otp({ DeviceTrust: { Mode: 'odd' } }));
    expect(() => authPreference.checkAndSetDefaults(trust)).toThrow('device trust mode "odd" not supported');
    await expect(upsertAuthPreference(client, trust)).rejects.toThrow('device trust mode "odd" requires Teleport');
    const nameless = ServerV2.fromPartial(openSsh({ Hostname: '' }));
    expect(() => node.checkAndSetDefaults(nameless)).toThrow('hostname must be set when server SubKind is "openssh"');
    await expect(upsertNode(client, nameless)).resolves.toBeUndefined();
  });
});
