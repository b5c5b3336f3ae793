import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { type Comparison, call } from './comparison.ts';

// What a lock of each target does to those who call.

type Target = NonNullable<NonNullable<RequestInput<(typeof Auth)['methods']['upsertLock']>['Spec']>['Target']>;

const targets: readonly (readonly [what: string, target: Target])[] = [
  ['user', { User: 'bob' }],
  ['role', { Role: 'viewer' }],
  ['login', { Login: 'bob' }],
  ['MFA device', { MFADevice: 'bob' }],
  ['desktop', { WindowsDesktop: 'bob' }],
  ['access request', { AccessRequest: 'bob' }],
  ['device', { Device: 'bob' }],
  ['host', { ServerID: 'bob' }],
  ['two targets', { User: 'nosuch', Role: 'viewer' }],
];

const Name = 'lock-effect';

export const locking: readonly Comparison[] = targets.flatMap(([what, Target]): readonly Comparison[] =>
  [
    {
      name: 'put in force',
      caller: 'admin' as const,
      question: call(Auth, 'upsertLock', {
        ...{ Kind: 'lock', Version: 'v2', Metadata: { Name } },
        Spec: { Target, Message: 'for the comparison' },
      }),
    },
    {
      name: 'found',
      caller: 'admin' as const,
      question: call(Auth, 'getLocks', { Targets: [Target], InForceOnly: true }),
      eventually: true as const,
    },
    { name: 'who calls', caller: 'bob' as const, question: call(Auth, 'ping', {}), eventually: true as const },
    {
      name: 'who is issued its role',
      caller: 'bot' as const,
      question: call(Auth, 'generateUserCerts', (it) => it.output()),
      eventually: true as const,
      ignore: ['generation'],
    },
    {
      name: 'a host of that id',
      caller: 'admin' as const,
      question: call(Trust, 'generateHostCert', (it) => ({
        ...{ key: it.keys.sshPublicKey, hostId: 'bob', clusterName: 'root.test', role: 'Node' },
        ttl: { seconds: 3_600n, nanos: 0 },
      })),
      eventually: true as const,
    },
    { name: 'lifted', caller: 'admin' as const, question: call(Auth, 'deleteLock', { Name }) },
    { name: 'who calls after it', caller: 'bob' as const, question: call(Auth, 'ping', {}), eventually: true as const },
  ].map((comparison) => ({ ...comparison, name: `lock of a ${what}: ${comparison.name}` })),
);
