import type { RequestInput } from '@teleport-ts/api-types';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { systemClock } from '../clock.ts';
import { createAuthority } from '../pki/cert-authority.ts';
import { type Comparison, call, type GrpcQuestion } from './comparison.ts';

// Writing and deleting authorities: those of a cluster that is not there.

type Authority = NonNullable<RequestInput<(typeof Trust)['methods']['upsertCertAuthority']>['certAuthority']>;
type Spec = NonNullable<Authority['Spec']>;
type Keys = NonNullable<Spec['ActiveKeys']>;

const clusterName = 'other.test';
const host = createAuthority({ type: 'host', clusterName, clock: systemClock });
const token = createAuthority({ type: 'jwt', clusterName, clock: systemClock });

/** Keys are made when they are first asked for, and are the same for both clusters. */
const keysOf = (what: 'ssh' | 'tls' | 'jwt'): Keys =>
  what === 'jwt'
    ? { JWT: [{ PublicKey: Buffer.from(token.jwt.publicKey) }] }
    : what === 'ssh'
      ? { SSH: [{ PublicKey: Buffer.from(host.ssh.publicKey) }] }
      : { TLS: [{ Cert: Buffer.from(host.tls.certificate) }] };

const both = (): Keys => ({ ...keysOf('ssh'), ...keysOf('tls') });
const nonsense = Buffer.from('nonsense');

const upsert = (Type: string, keys: () => Keys, more: Spec = {}, rest: Authority = {}): GrpcQuestion =>
  call(Trust, 'upsertCertAuthority', () => ({
    certAuthority: { Spec: { Type, ClusterName: clusterName, ActiveKeys: keys(), ...more }, ...rest },
  }));

const none = (): Keys => ({});
const remove = (type: string, domain = clusterName) => call(Trust, 'deleteCertAuthority', { type, domain });
const read = (type: string, domain = clusterName) => call(Trust, 'getCertAuthority', { type, domain });

const questions: readonly (readonly [name: string, question: GrpcQuestion, more?: Partial<Comparison>])[] = [
  ['nothing', call(Trust, 'upsertCertAuthority', {})],
  ['nothing, no right', call(Trust, 'upsertCertAuthority', {}), { caller: 'bob' }],
  ['no spec', call(Trust, 'upsertCertAuthority', { certAuthority: {} })],
  ['no right', upsert('host', both), { caller: 'bob' }],
  ['no keys, no right', upsert('host', none), { caller: 'bob' }],
  ['unknown type', upsert('nonsense', both)],
  ['no type', upsert('', both)],
  ['no cluster', upsert('host', both, { ClusterName: '' })],
  ['a blank cluster', upsert('host', both, { ClusterName: ' ' })],
  ...['user', 'host', 'openssh', 'db', 'db_client', 'jwt', 'oidc_idp', 'saml_idp', 'spiffe', 'okta', 'awsra'].map(
    (type) => [`no keys of ${type}`, upsert(type, none)] as const,
  ),
  ['bound keys without any', upsert('bound_keypair', none)],
  ['no TLS keys', upsert('user', () => keysOf('ssh'))],
  ['no JWT keys', upsert('spiffe', () => keysOf('tls'))],
  ['an SSH pair without a key', upsert('host', () => ({ ...both(), SSH: [{}] }))],
  ['a TLS pair without a certificate', upsert('host', () => ({ ...both(), TLS: [{}] }))],
  ['a JWT pair without a key', upsert('jwt', () => ({ JWT: [{}] }))],
  ['an SSH key that is none', upsert('host', () => ({ ...both(), SSH: [{ PublicKey: nonsense }] }))],
  [
    'a private SSH key that is none',
    upsert('host', () => ({
      ...both(),
      SSH: [{ PublicKey: Buffer.from(host.ssh.publicKey), PrivateKey: nonsense }],
    })),
  ],
  ['a certificate that is none', upsert('db', () => ({ TLS: [{ Cert: nonsense }] }))],
  [
    'a private TLS key that is none',
    upsert('db', () => ({ TLS: [{ Cert: Buffer.from(host.tls.certificate), Key: nonsense }] })),
  ],
  ['a SAML certificate that is none', upsert('saml_idp', () => ({ TLS: [{ Cert: nonsense }] }))],
  ['a JWT key that is none', upsert('jwt', () => ({ JWT: [{ PublicKey: nonsense }] }))],
  [
    'a private JWT key that is none',
    upsert('jwt', () => ({ JWT: [{ PublicKey: Buffer.from(token.jwt.publicKey), PrivateKey: nonsense }] })),
  ],
  ['an unknown phase', upsert('host', both, { Rotation: { Phase: 'nonsense' } })],
  ['an unknown mode', upsert('host', both, { Rotation: { Mode: 'nonsense' } })],
  ['an unknown state', upsert('host', both, { Rotation: { State: 'nonsense' } })],
  ['a rotation without an id', upsert('host', both, { Rotation: { State: 'in_progress' } })],
  ['roles and a map', upsert('user', both, { Roles: ['a'], RoleMap: [{ Remote: 'a', Local: ['b'] }] })],
  ['a map of nothing', upsert('user', both, { RoleMap: [{ Remote: '', Local: ['b'] }] })],
  ['a map to nothing', upsert('user', both, { RoleMap: [{ Remote: 'a', Local: [] }] })],
  ['a map to an empty role', upsert('user', both, { RoleMap: [{ Remote: 'a', Local: [''] }] })],
  ['a map to all roles', upsert('user', both, { RoleMap: [{ Remote: 'a', Local: ['*'] }] })],
  [
    'a map that says it twice',
    upsert('user', both, {
      RoleMap: [
        { Remote: 'a', Local: ['b'] },
        { Remote: 'a', Local: ['c'] },
      ],
    }),
  ],
  ['a host authority', upsert('host', both)],
  ['read', read('host'), { eventually: true }],
  ['listed', call(Trust, 'getCertAuthorities', { type: 'host' }), { eventually: true }],
  [
    'again, by another name',
    upsert('host', both, {}, { Kind: 'nonsense', Metadata: { Name: clusterName, Labels: new Map([['a', 'b']]) } }),
  ],
  ['read again', read('host'), { eventually: true }],
  ['a database authority', upsert('db', () => keysOf('tls'))],
  ['delete, no right', remove('host'), { caller: 'bob' }],
  ['delete an unknown type', remove('nonsense')],
  ['delete no domain', remove('host', '')],
  ['delete one that is none', remove('host', 'nosuch.test')],
  ['delete', remove('host')],
  ['delete again', remove('host')],
  ['delete the one for databases', remove('db')],
  ['read what was deleted', read('host'), { eventually: true }],
];

export const writtenAuthorities: readonly Comparison[] = questions.map(([name, question, more]) => ({
  caller: 'admin',
  ...more,
  name: `written authority: ${name}`,
  question,
}));
