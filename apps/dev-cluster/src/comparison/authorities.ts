import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { type Comparison, call, type GrpcQuestion, notModelled } from './comparison.ts';
import type { Scene } from './scene.ts';

// Certificate authorities, their rotation, and host certificates.

const types = ['user', 'host', 'db', 'db_client', 'openssh', 'jwt'];

const rotate = (request: RequestInput<(typeof Trust)['methods']['rotateCertAuthority']>): GrpcQuestion =>
  call(Trust, 'rotateCertAuthority', { type: 'db_client', mode: 'manual', ...request });

type HostCert = RequestInput<(typeof Trust)['methods']['generateHostCert']>;
const hostCert = (request: HostCert = {}): GrpcQuestion =>
  call(Trust, 'generateHostCert', (it: Scene) => ({
    key: it.keys.sshPublicKey,
    hostId: '',
    nodeName: '',
    principals: ['h1.example.com'],
    clusterName: 'root.test',
    role: 'Node',
    ttl: { seconds: 3_600n, nanos: 0 },
    ...request,
  }));

export const authorities: readonly Comparison[] = [
  ...types.map(
    (type): Comparison => ({
      name: `authority: ${type}`,
      caller: 'bob',
      question: call(Trust, 'getCertAuthority', { type, domain: 'root.test' }),
    }),
  ),
  ...types.map(
    (type): Comparison => ({
      name: `authorities: ${type}`,
      caller: 'bot',
      question: call(Trust, 'getCertAuthorities', { type }),
    }),
  ),
  {
    name: 'authority: unknown type',
    caller: 'admin',
    question: call(Trust, 'getCertAuthority', { type: 'nonsense', domain: 'root.test' }),
  },
  { name: 'authority: no type', caller: 'admin', question: call(Trust, 'getCertAuthority', { domain: 'root.test' }) },
  {
    name: 'authority: unknown domain',
    caller: 'admin',
    question: call(Trust, 'getCertAuthority', { type: 'user', domain: 'nosuch.test' }),
  },
  { name: 'authority: no domain', caller: 'admin', question: call(Trust, 'getCertAuthority', { type: 'user' }) },
  {
    name: 'authority: with keys, no right',
    caller: 'bob',
    question: call(Trust, 'getCertAuthority', { type: 'user', domain: 'root.test', includeKey: true }),
  },
  {
    name: 'authorities: with keys, no right',
    caller: 'bob',
    question: call(Trust, 'getCertAuthorities', { type: 'user', includeKey: true }),
  },
  {
    name: 'authorities: unknown type',
    caller: 'admin',
    question: call(Trust, 'getCertAuthorities', { type: 'nonsense' }),
  },
  {
    name: 'authority: delete, no right',
    caller: 'bob',
    question: call(Trust, 'deleteCertAuthority', { type: 'user', domain: 'root.test' }),
  },
  { name: 'rotation: no right', caller: 'bob', question: rotate({ targetPhase: 'init' }) },
  { name: 'rotation: unknown type', caller: 'admin', question: rotate({ type: 'nonsense', targetPhase: 'init' }) },
  { name: 'rotation: no type', caller: 'admin', question: rotate({ type: '', targetPhase: 'init' }) },
  { name: 'rotation: unknown phase', caller: 'admin', question: rotate({ targetPhase: 'nonsense' }) },
  { name: 'rotation: unknown mode', caller: 'admin', question: rotate({ mode: 'nonsense', targetPhase: 'init' }) },
  { name: 'rotation: first step update_clients', caller: 'admin', question: rotate({ targetPhase: 'update_clients' }) },
  { name: 'rotation: first step update_servers', caller: 'admin', question: rotate({ targetPhase: 'update_servers' }) },
  { name: 'rotation: first step standby', caller: 'admin', question: rotate({ targetPhase: 'standby' }) },
  { name: 'rotation: first step rollback', caller: 'admin', question: rotate({ targetPhase: 'rollback' }) },
  {
    name: 'rotation: automatic, with a phase',
    caller: 'admin',
    question: rotate({ mode: 'auto', targetPhase: 'update_clients' }),
  },
  { name: 'rotation: init', caller: 'admin', question: rotate({ targetPhase: 'init' }) },
  {
    name: 'rotation: the authority in init',
    caller: 'bob',
    question: call(Trust, 'getCertAuthority', { type: 'db_client', domain: 'root.test' }),
    eventually: true,
  },
  { name: 'rotation: init again', caller: 'admin', question: rotate({ targetPhase: 'init' }) },
  {
    name: 'rotation: from init to update_servers',
    caller: 'admin',
    question: rotate({ targetPhase: 'update_servers' }),
  },
  { name: 'rotation: update_clients', caller: 'admin', question: rotate({ targetPhase: 'update_clients' }) },
  {
    name: 'rotation: the authority in update_clients',
    caller: 'bob',
    question: call(Trust, 'getCertAuthority', { type: 'db_client', domain: 'root.test' }),
    eventually: true,
  },
  { name: 'rotation: rollback', caller: 'admin', question: rotate({ targetPhase: 'rollback' }) },
  {
    name: 'rotation: from rollback to update_clients',
    caller: 'admin',
    question: rotate({ targetPhase: 'update_clients' }),
  },
  { name: 'rotation: standby', caller: 'admin', question: rotate({ targetPhase: 'standby' }) },
  {
    name: 'rotation: the authority afterwards',
    caller: 'bob',
    question: call(Trust, 'getCertAuthority', { type: 'db_client', domain: 'root.test' }),
    eventually: true,
  },
  { name: 'host certificate', caller: 'admin', question: hostCert() },
  {
    name: 'host certificate: by host and name',
    caller: 'admin',
    question: hostCert({ hostId: 'h', nodeName: 'n', principals: [] }),
  },
  {
    name: 'host certificate: two principals',
    caller: 'admin',
    question: hostCert({ principals: ['a', 'b'], hostId: 'h' }),
  },
  { name: 'host certificate: without an end', caller: 'admin', question: hostCert({ ttl: undefined as never }) },
  { name: 'host certificate: proxy', caller: 'admin', question: hostCert({ role: 'Proxy' }) },
  { name: 'host certificate: no principals', caller: 'admin', question: hostCert({ principals: [] }) },
  { name: 'host certificate: unknown role', caller: 'admin', question: hostCert({ role: 'Nonsense' }) },
  { name: 'host certificate: no role', caller: 'admin', question: hostCert({ role: '' }) },
  { name: 'host certificate: another cluster', caller: 'admin', question: hostCert({ clusterName: 'nosuch.test' }) },
  { name: 'host certificate: no cluster', caller: 'admin', question: hostCert({ clusterName: '' }) },
  { name: 'host certificate: no key', caller: 'admin', question: hostCert({ key: Buffer.alloc(0) }) },
  {
    name: 'host certificate: a key that is none',
    caller: 'admin',
    question: hostCert({ key: Buffer.from('nonsense') }),
  },
  { name: 'host certificate: no right', caller: 'bob', question: hostCert() },
  {
    differs: notModelled,
    name: 'host certificate: TLS, as a user',
    caller: 'admin',
    question: call(Auth, 'generateHostCerts', (it) => ({
      HostID: 'h',
      NodeName: 'n',
      Role: 'Node',
      PublicTLSKey: it.keys.tlsPublicKey,
      PublicSSHKey: it.keys.sshPublicKey,
    })),
  },
  {
    differs: notModelled,
    name: 'database certificate: as a user',
    caller: 'bob',
    question: call(Auth, 'generateDatabaseCert', { CSR: Buffer.from('x') }),
  },
];
