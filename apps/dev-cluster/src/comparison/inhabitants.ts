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
  role('granted-a', {}),
  role('granted-b', {}),
  role('granted-banned', {}),
  role('x-1', {}),
  role('team-a', {}),
  role('team-b', {}),
  role('careful-target', {}),
  role('limited-target', {}),
  role('long-target', {}),
  role('requester', {
    Request: {
      Roles: ['granted-*', '{{regexp.match("^x-")}}'],
      ClaimsToRoles: [{ Claim: 'team', Value: 'dev-*', Roles: ['team-$1'] }],
      SuggestedReviewers: ['alice', 'bob', 'alice'],
      Annotations: {
        Values: new Map([
          ['service', { Values: ['payments', '{{internal.logins}}', 'at-{{external.team}}'] }],
          ['empty', { Values: ['{{external.nosuch}}', '{{internal.nosuch}}'] }],
        ]),
      },
    },
  }),
  role('careful', { Request: { Roles: ['careful-target'], Reason: { Mode: 'required' } } }),
  role('limited', { Request: { Roles: ['limited-target'], MaxDuration: 7_200_000_000_000n } }),
  role('longer', {
    Request: {
      Roles: ['long-target', 'limited-target'],
      MaxDuration: 1_209_600_000_000_000n,
      SuggestedReviewers: ['bob'],
    },
  }),
  role('narrow', {
    Request: { Roles: ['granted-a', 'granted-banned', 'careful-target'], SuggestedReviewers: ['erin'] },
  }),
  role(
    'banned',
    {},
    {
      Deny: {
        Request: { Roles: ['*-banned'], Annotations: { Values: new Map([['service', { Values: ['payments'] }]]) } },
      },
    },
  ),
  role('approver', { Rules: [{ Resources: ['access_request'], Verbs: ['list', 'read', 'update', 'delete'] }] }),
  role('updater', { Rules: [{ Resources: ['access_request'], Verbs: ['update'] }] }),
  role('plugin', { Rules: [{ Resources: ['access_plugin_data'], Verbs: ['list', 'read', 'update'] }] }),
  role('silenced', {}, { Deny: { Rules: [{ Resources: ['access_request'], Verbs: ['create', 'list'] }] } }),
  role('host-certs', { Rules: [{ Resources: ['host_cert'], Verbs: ['create'] }] }),
];

/** Users that ask for roles, decide about that, or look on. */
export const users: Readonly<Record<string, readonly string[]>> = {
  bob: ['viewer'],
  kate: ['requester', 'careful', 'limited', 'longer'],
  dave: ['approver'],
  erin: ['plugin'],
  frank: ['requester', 'banned'],
  gina: ['narrow', 'banned'],
  hank: ['requester', 'silenced'],
  iris: ['updater'],
  jack: ['narrow', 'requester', 'careful'],
  leo: ['requester', 'approver'],
};

export const traits: Readonly<Record<string, readonly string[]>> = { logins: ['c', 'd'], team: ['dev-a', 'ops-b'] };

/** Bots that may request roles for themselves. */
export const askers = ['asker-1', 'asker-2', 'asker-3', 'asker-4', 'asker-5'] as const;

export const bots: Readonly<Record<string, readonly string[]>> = {
  'red-one': ['red'],
  ci: ['deployer', 'viewer', 'short', 'host-certs'],
  locked: ['viewer'],
  deleted: ['viewer'],
  stale: ['viewer'],
  ...Object.fromEntries(askers.map((name) => [name, ['viewer']])),
};

const forBot = (bot: string): object => ({ Roles: ['Bot'], JoinMethod: 'token', BotName: bot });

/** Specs by name; `token-expired` lives for a second only. */
export const tokens: Readonly<Record<string, object>> = {
  'token-ci': forBot('ci'),
  'token-locked': forBot('locked'),
  'token-locked-again': forBot('locked'),
  'token-deleted': forBot('deleted'),
  'token-stale': forBot('stale'),
  ...Object.fromEntries(askers.map((name) => [`token-${name}`, forBot(name)])),
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
