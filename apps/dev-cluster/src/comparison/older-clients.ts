import type { RequestInput } from '@teleport-ts/api-types';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from './comparison.ts';

// Roles as clients of older versions are shown them.

type Role = NonNullable<RequestInput<(typeof Auth)['methods']['upsertRoleV2']>['Role']>;
type Conditions = NonNullable<NonNullable<Role['Spec']>['Allow']>;
type Resources = NonNullable<Conditions['KubernetesResources']>;

const everyLabel = { Values: new Map([['*', { Values: ['*'] }]]) };
const resource = (Kind: string, APIGroup: string, Namespace = 'n'): Resources[number] => ({
  ...{ Kind, APIGroup, Namespace, Name: '*', Verbs: ['*'] },
});

const kubernetes = (KubernetesResources: Resources, denied: Resources = []): Role['Spec'] => ({
  Allow: { KubernetesLabels: everyLabel, KubernetesResources },
  Deny: { KubernetesResources: denied },
});

const yes = { Enabled: { Value: true } };
const no = { Enabled: { Value: false } };

const specs: Readonly<Record<string, Role['Spec']>> = {
  nothing: {},
  everything: kubernetes([]),
  pods: kubernetes([resource('pods', ''), resource('deployments', 'apps'), resource('ingresses', '*')]),
  odd: kubernetes([resource('odds', 'my.io')]),
  denied: kubernetes([resource('pods', '')], [resource('secrets', '')]),
  'oddly-denied': kubernetes([resource('pods', '')], [resource('odds', 'my.io')]),
  'all-of-one': kubernetes([resource('*', '*')]),
  forwarding: { Options: { SSHPortForwarding: { Local: yes, Remote: yes } } },
  'half-forwarding': { Options: { SSHPortForwarding: { Local: no, Remote: yes } } },
  'no-forwarding': { Options: { SSHPortForwarding: { Remote: no } } },
};

export const olderClients: readonly Comparison[] = Object.entries(specs).flatMap(([name, Spec]): Comparison[] => {
  const Name = `shown-${name}`;
  const shown = (caller: Comparison['caller'], what: string): Comparison => ({
    ...{ name: `role shown to ${what}: ${name}`, caller, question: call(Auth, 'getRole', { Name }), eventually: true },
  });
  return [
    {
      name: `role to be shown: ${name}`,
      caller: 'admin',
      question: call(Auth, 'upsertRoleV2', { Role: { Version: 'v8', Metadata: { Name }, Spec } as Role }),
    },
    shown('admin', 'a client of today'),
    shown('older', 'an older client'),
    shown('oldest', 'the oldest client'),
    {
      name: `role in a list to the oldest client: ${name}`,
      caller: 'oldest',
      question: call(Auth, 'listRoles', { Filter: { SearchKeywords: [Name] } }),
      eventually: true,
    },
  ];
});
