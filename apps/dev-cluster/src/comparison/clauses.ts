import type { RequestInput } from '@teleport-ts/api-types';
import type { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';

// What the rules of dora's roles say.

type Spec = NonNullable<NonNullable<RequestInput<(typeof Auth)['methods']['upsertRoleV2']>['Role']>['Spec']>;
type Conditions = NonNullable<Spec['Allow']>;
type Rules = NonNullable<Conditions['Rules']>;

/** Clauses that speak of nothing but the user, each for a kind of its own: `clause-0`, `clause-1`, … */
export const clauses: readonly string[] = [
  '',
  'contains(user.spec.traits["team"], "red")',
  'contains(user.spec.traits["team"], "blue")',
  'contains(user.spec.traits["nosuch"], "red")',
  'contains("red", "red")',
  'equals(user.metadata.name, "dora")',
  'equals(user.metadata.name, "bob")',
  'equals(user.metadata.name, 1)',
  'equals(1, 1)',
  'equals(1.5, 1.5)',
  'equals(user.spec.roles, user.spec.roles)',
  'equals(user.spec.roles, user.spec.traits["team"])',
  'equals(user.metadata.labels["team"], "red")',
  'equals(user.metadata.labels["nosuch"], "")',
  'equals(user.metadata.description, "about")',
  'equals(user.kind, "user")',
  'equals(user.metadata, user.metadata)',
  'equals(user.spec.created_by.user.name, "nobody")',
  'equals(user.spec.status.is_locked, "false")',
  'equals(user.metadata.expires, "")',
  'has_prefix(user.metadata.name, "do")',
  'has_prefix(user.spec.roles, "c")',
  'has_prefix(name, "")',
  'has_prefix(name, "a")',
  'all_end_with(user.spec.traits["team"], "e")',
  'all_end_with(user.spec.traits["team"], "d")',
  'all_end_with(user.spec.traits["nosuch"], "d")',
  'all_end_with(user.metadata.name, "ra")',
  'all_equal(user.spec.traits["team"], "red")',
  'all_equal(user.metadata.name, "dora")',
  'all_equal(user.metadata.name, 1)',
  'is_subset(user.spec.traits["team"], "red", "green", "blue")',
  'is_subset(user.spec.traits["team"], "red")',
  'is_subset(user.metadata.name, "dora")',
  'is_subset(user.metadata.name)',
  'is_subset(user.metadata.name, 1)',
  'is_subset(1, "a")',
  '!equals(user.metadata.name, "bob")',
  'equals("a", "a") && equals("b", "b")',
  'equals("a", "a") && equals("b", "c")',
  'equals("a", "b") || equals("b", "b")',
  '(equals("a", "b") || equals("b", "b")) && !equals("c", "d")',
  'equals(`a`, "\\x61")',
  'equals(system.catype(), "")',
  'equals(resource.kind, "")',
  'equals(resource.metadata.name, "")',
  'equals(resource.metadata.labels["a"], "")',
  'equals(session.participants, session.participants)',
  'contains(session.participants, "dora")',
  'contains(ssh_session.participants, "dora")',
  'equals(ssh_session.login, "")',
  'equals(session_tracker.session_id, "")',
  'equals(host_cert.cluster_name, "")',
  'equals(host_cert.role, "")',
  // Those that are wrong.
  'true',
  ' ',
  'equals(',
  'equals("a")',
  'equals("a", "b", "c")',
  'is_subset()',
  'system.catype("a")',
  'nosuch("a")',
  'nosuch',
  'nosuch.x',
  'user',
  'resource',
  'user.spec.nosuch',
  'user.spec.nosuch.more',
  'user.metadata.namespace',
  'user.metadata.name.more',
  'resource.spec.more',
  'resource.metadata.labels.a',
  'equals(name.more, "a")',
  'session.nosuch',
  'ssh_session.nosuch',
  'session_tracker.nosuch',
  'host_cert.nosuch',
  'impersonate_role.metadata.name',
  '"a"',
  'user.metadata.name',
  'user.spec.status.is_locked',
  'system.catype()',
  '!"a"',
  '!user.spec.roles',
  '!user.spec.traits',
  '!user.metadata.labels',
  '!1',
  '!1.5',
  '"a" && "b"',
  'equals("a", "a") || "b"',
  'equals("a", "a") || nosuch',
  '"a" == "b"',
  '"a" < "b"',
  '-"a"',
  "equals('a', 'b')",
  'user.spec.traits[1]',
  'equals("a"[0], "a")',
  'equals("a"["b"], "a")',
  'equals("a".b, "c")',
  'user.spec.traits("a")',
  'a.b.c("x")',
  '"a"("b")',
  'not(equals("a", "b"))',
];

/** Actions of rules without a clause, each for a kind of its own: `action-0`, … */
export const actions: readonly string[] = [
  'log("info", "read")',
  'log("info", "%v", user.metadata.name)',
  'log("info")',
  'log(1, "read")',
  '!log("info", "read")',
  'equals("a", "a")',
  '"a"',
];

const read = ['read'];
const rulesOf = (what: string, list: readonly string[]): Rules =>
  list.map((Where, index) => ({ Resources: [`${what}-${index}`], Verbs: read, Where }));

const several = [
  // The more specific rule is looked at first, whether it has the verb or not.
  { Resources: ['several-1'], Verbs: read },
  { Resources: ['several-1'], Verbs: ['list'], Where: 'nosuch' },
  { Resources: ['several-2', 'several-3'], Verbs: read, Where: 'equals("a", "b")' },
  { Resources: ['several-2'], Verbs: read },
];

export const clauseRules: { readonly allow: Conditions; readonly deny: Conditions } = {
  allow: {
    Rules: [
      ...rulesOf('clause', clauses),
      ...actions.map((action, index) => ({ Resources: [`action-${index}`], Verbs: read, Actions: [action] })),
      ...several,
      { Resources: clauses.map((_clause, index) => `denied-${index}`), Verbs: read },
    ],
  },
  deny: { Rules: rulesOf('denied', clauses) },
};

const everyVerb = ['list', 'read', 'create', 'update', 'delete'];

/** What belongs to the team of who calls. */
export const redRules: Conditions = {
  Rules: [
    {
      Resources: ['role'],
      Verbs: everyVerb,
      Where: 'contains(user.spec.traits["team"], resource.metadata.labels["team"])',
    },
    { Resources: ['bot'], Verbs: everyVerb, Where: 'has_prefix(resource.metadata.name, "red-")' },
    { Resources: ['cert_authority'], Verbs: ['read'], Where: 'equals(system.catype(), "host")' },
    { Resources: ['host_cert'], Verbs: ['create'], Where: 'all_end_with(host_cert.principals, ".red.test")' },
    { Resources: ['token'], Verbs: read, Where: 'equals(resource.kind, "token")' },
  ],
  Impersonate: { Roles: ['*'], Where: 'contains(user.spec.traits["team"], impersonate_role.metadata.labels["team"])' },
};

export const impersonationRules: Conditions = {
  Impersonate: {
    Users: ['bob', 'alice'],
    Roles: ['*'],
    Where: 'equals(impersonate_role.metadata.name, "viewer") && equals(impersonate_user.metadata.name, "bob")',
  },
};
