import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from './comparison.ts';
import type { Caller, Scene } from './scene.ts';

// GenerateUserCerts: what is refused, in which order, and what the certificates say.

type Request = RequestInput<(typeof Auth)['methods']['generateUserCerts']>;

const generate = (request: (it: Scene) => Request): GrpcQuestion => call(Auth, 'generateUserCerts', request);
const output = (request: Request = {}): GrpcQuestion => generate((it) => it.output(request));
const own = (request: Request = {}): GrpcQuestion => generate((it) => it.certs(request));
const outputFor = (ms: number, request: Request = {}): GrpcQuestion =>
  generate((it) => it.output({ ...request, Expires: it.inMs(ms) }));
const none = Buffer.alloc(0);
const hour = 3_600_000;

const asBot: readonly [string, GrpcQuestion][] = [
  ['impersonation', output()],
  ['impersonation of two roles', output({ RoleRequests: ['deployer', 'viewer'] })],
  ['impersonation of a role twice', output({ RoleRequests: ['viewer', 'viewer'] })],
  ['impersonation by role requests alone', output({ UseRoleRequests: false })],
  ['impersonation without roles', output({ RoleRequests: [] })],
  ['impersonation of an unknown role', output({ RoleRequests: ['nosuch'] })],
  ['impersonation of a forbidden role', output({ RoleRequests: ['sink'] })],
  ['impersonation, one of two forbidden', output({ RoleRequests: ['viewer', 'sink'] })],
  ['impersonation, one of two unknown', output({ RoleRequests: ['viewer', 'nosuch'] })],
  ['impersonation of an empty role', output({ RoleRequests: [''] })],
  ['impersonation with access requests', output({ AccessRequests: ['x'] })],
  ['own roles with access requests', own({ AccessRequests: ['x'] })],
  ['another user', own({ Username: 'alice' })],
  ['another user that is none', own({ Username: 'nosuch' })],
  ['no user', own({ Username: '' })],
  ['another user with role requests', output({ Username: 'alice' })],
  ['past expiry', outputFor(-hour)],
  ['no expiry', generate((it) => it.output({ Expires: undefined as never }))],
  ['expiry in 1970', generate((it) => it.output({ Expires: { seconds: 0n, nanos: 0 } }))],
  ['past expiry and no role', outputFor(-hour, { RoleRequests: [] })],
  ['10 minutes', outputFor(600_000)],
  ['30 seconds', outputFor(30_000)],
  ['12 hours', outputFor(12 * hour)],
  ['200 hours', outputFor(200 * hour)],
  ['longer than a role allows', outputFor(5 * hour, { RoleRequests: ['short'] })],
  ['longer than one of two roles allows', outputFor(5 * hour, { RoleRequests: ['deployer', 'short'] })],
  ['no keys', output({ TLSPublicKey: none, SSHPublicKey: none })],
  ['only a TLS key', output({ SSHPublicKey: none })],
  ['only an SSH key', output({ TLSPublicKey: none })],
  ['a TLS key that is none', output({ TLSPublicKey: Buffer.from('nonsense') })],
  ['an SSH key that is none', output({ SSHPublicKey: Buffer.from('nonsense') })],
  ['reissuable', output({ ReissuableRoleImpersonation: true })],
  ['to its own cluster', output({ RouteToCluster: 'root.test' })],
  ['to an unknown cluster', output({ RouteToCluster: 'nosuch.test' })],
  [
    'to an application',
    output({
      RoleRequests: ['deployer'],
      RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' },
    }),
  ],
  ['to an application that is none', output({ RouteToApp: { Name: 'nosuch', PublicAddr: 'x', ClusterName: 'y' } })],
  ['to an application without an address', output({ RouteToApp: { Name: 'foo' } })],
  [
    'to an application of a TCP port',
    output({ RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test', TargetPort: 80 } }),
  ],
  [
    'to a database',
    output({
      RoleRequests: ['deployer'],
      RouteToDatabase: { ServiceName: 'pg', Protocol: 'postgres', Username: 'reader', Database: 'main' },
    }),
  ],
  ['to a database that is none', output({ RouteToDatabase: { ServiceName: 'nosuch', Protocol: 'postgres' } })],
  ['to a database without a protocol', output({ RouteToDatabase: { ServiceName: 'pg' } })],
  ['to an unknown Kubernetes cluster', output({ KubernetesCluster: 'nosuch' })],
  ['to a Kubernetes cluster', output({ RoleRequests: ['deployer'], KubernetesCluster: 'k1' })],
  ['usage: application without one', output({ Usage: 4 })],
  ['usage: database without one', output({ Usage: 3 })],
  ['usage: Kubernetes without one', output({ Usage: 2 })],
  ['usage: SSH without a node', output({ Usage: 1 })],
  ['usage: desktop without one', output({ Usage: 5 })],
  ['usage: SSH', output({ Usage: 1, NodeName: 'n' })],
  [
    'usage: application',
    output({ Usage: 4, RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' } }),
  ],
  ['usage: database', output({ Usage: 3, RouteToDatabase: { ServiceName: 'pg', Protocol: 'postgres' } })],
  ['usage: a number that is none', output({ Usage: 42 as never })],
  ['a format that is none', output({ Format: 'nonsense' })],
  ['single use', output({ Purpose: 2 })],
  ['for a login', output({ Purpose: 1 })],
  ['dropped access requests', output({ DropAccessRequests: ['*'] })],
];

const asOthers: readonly [Caller, string, GrpcQuestion][] = [
  ['output', 'renewal', own()],
  ['output', 'impersonation', output()],
  ['output', 'another user', own({ Username: 'alice' })],
  ['output', 'past expiry', generate((it) => it.certs({ Expires: it.inMs(-hour) }))],
  ['reissuable', 'renewal', own()],
  ['reissuable', 'renewal for 12 hours', generate((it) => it.certs({ Expires: it.inMs(12 * hour) }))],
  ['reissuable', 'impersonation', output()],
  ['reissuable', 'access requests', own({ AccessRequests: ['x'] })],
  [
    'reissuable',
    'to an application',
    own({ RouteToApp: { Name: 'foo', PublicAddr: 'foo.localhost', ClusterName: 'root.test' } }),
  ],
  ['reissuable', 'another user', own({ Username: 'alice' })],
  ['bob', 'renewal', own({ Username: 'bob' })],
  ['bob', 'renewal for 12 hours', generate((it) => it.certs({ Username: 'bob', Expires: it.inMs(12 * hour) }))],
  ['bob', 'another user', own({ Username: 'alice' })],
  ['bob', 'impersonation of an own role', output({ Username: 'bob' })],
  ['bob', 'no keys', own({ Username: 'bob', TLSPublicKey: none, SSHPublicKey: none })],
  ['admin', 'renewal', own({ Username: 'alice' })],
  ['admin', 'another user', own({ Username: 'bob' })],
  ['locked', 'renewal', own({ Username: 'bot-locked' })],
  ['deleted', 'renewal', own({ Username: 'bot-deleted' })],
  ['nobody', 'renewal', own()],
  ['stale', 'impersonation with a generation that is behind', output({ Username: 'bot-stale' })],
  ['stale', 'renewal with a generation that is behind', own({ Username: 'bot-stale' })],
];

export const issuing: readonly Comparison[] = [
  ...asBot.map(([name, question]): Comparison => ({ name: `issuing: ${name}`, caller: 'bot', question })),
  {
    name: 'issuing: for OpenSSH of old',
    caller: 'bot',
    question: output({ Format: 'oldssh' }),
    differs: 'the certificates for OpenSSH before 6.4, without extensions, are not modelled',
    at: ['teleport-roles', 'teleport-route-to-cluster', 'teleport-traits'],
  },
  ...asOthers.map(
    ([caller, name, question]): Comparison => ({ name: `issuing, ${caller}: ${name}`, caller, question }),
  ),
  {
    name: 'issuing: renewal',
    caller: 'bot',
    question: own(),
  },
  {
    name: 'issuing: the lock of a generation that was behind',
    caller: 'admin',
    question: call(Auth, 'getLocks', { Targets: [{ User: 'bot-stale' }] }),
    eventually: true,
  },
];
