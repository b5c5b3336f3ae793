import type { RequestInput } from '@teleport-ts/api-types';
import type { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';

import { clauseRules, impersonationRules, redRules } from './clauses.ts';

// Who and what is in both clusters, beside the user alice, who may do everything.

type Role = NonNullable<RequestInput<(typeof Auth)['methods']['upsertRoleV2']>['Role']>;
type Allow = NonNullable<NonNullable<Role['Spec']>['Allow']>;

const everyLabel = { Values: new Map([['*', { Values: ['*'] }]]) };

const role = (name: string, Allow: Allow, more: { Deny?: Allow; ttlMs?: number } = {}): Role => ({
  Kind: 'role',
  Version: 'v7',
  Metadata: { Name: name },
  Spec: {
    Allow,
    ...(more.Deny && { Deny: more.Deny }),
    ...(more.ttlMs && { Options: { MaxSessionTTL: BigInt(more.ttlMs) * 1_000_000n } }),
  },
});

export const roles: readonly Role[] = [
  role('clauses', clauseRules.allow, { Deny: clauseRules.deny }),
  role('red-things', redRules),
  role('impersonator', impersonationRules),
  { ...role('red', {}), Metadata: { Name: 'red', Labels: new Map([['team', 'red']]) } },
  { ...role('blue', {}), Metadata: { Name: 'blue', Labels: new Map([['team', 'blue']]) } },
  role('viewer', {}),
  role('sink', {}),
  role('deployer', {
    Logins: ['root', '{{internal.logins}}'],
    AppLabels: everyLabel,
    DatabaseLabels: everyLabel,
    DatabaseUsers: ['reader'],
    DatabaseNames: ['main'],
    KubernetesLabels: everyLabel,
    KubeGroups: ['viewers'],
    NodeLabels: everyLabel,
  }),
  role('short', { Logins: ['root'] }, { ttlMs: 600_000 }),
  role('denied', {}, { Deny: { Impersonate: { Roles: ['deployer'] } } }),
  role('host-certs', { Rules: [{ Resources: ['host_cert'], Verbs: ['create'] }] }),
];

export const bots: Readonly<Record<string, readonly string[]>> = {
  'red-one': ['red'],
  ci: ['deployer', 'viewer', 'short', 'host-certs'],
  locked: ['viewer'],
  deleted: ['viewer'],
  stale: ['viewer'],
};

const forBot = (bot: string): object => ({ Roles: ['Bot'], JoinMethod: 'token', BotName: bot });

/** Specs by name; `token-expired` lives for a second only. */
export const tokens: Readonly<Record<string, object>> = {
  'token-ci': forBot('ci'),
  'token-locked': forBot('locked'),
  'token-locked-again': forBot('locked'),
  'token-deleted': forBot('deleted'),
  'token-stale': forBot('stale'),
  'token-expired': forBot('ci'),
  'token-kept': forBot('ci'),
  'token-web': forBot('ci'),
  'token-capped': forBot('ci'),
  'token-no-bot': forBot('nosuch'),
  'token-node': { Roles: ['Node'], JoinMethod: 'token' },
  'token-github': {
    Roles: ['Bot'],
    JoinMethod: 'github',
    BotName: 'ci',
    GitHub: { Allow: [{ Repository: 'gravitational/teleport' }] },
  },
};
