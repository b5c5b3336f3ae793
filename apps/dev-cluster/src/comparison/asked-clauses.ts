import type { RequestInput } from '@teleport-ts/api-types';
import { BotServiceDefinition as Bots } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { TrustServiceDefinition as Trust } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { actions, clauses } from './clauses.ts';
import { type Comparison, call, type GrpcQuestion } from './comparison.ts';

// What rules with a `where` clause let their holder do. Nobody can watch the kinds that are made up here: who may read one
// hears that, who may not is denied, and a clause that is wrong is told.

const watch = (kind: string): GrpcQuestion => call(Auth, 'watchEvents', { Kinds: [{ Kind: kind }] }, 1);

const decided = (what: string, list: readonly string[]): Comparison[] =>
  list.map((clause, index) => ({
    name: `${what}: ${JSON.stringify(clause)}`,
    caller: 'dora',
    question: watch(`${what}-${index}`),
  }));

type Role = NonNullable<RequestInput<(typeof Auth)['methods']['upsertRoleV2']>['Role']>;
const role = (Name: string, team?: string, Revision?: string): Role => ({
  ...{ Kind: 'role', Version: 'v7' },
  Metadata: { Name, ...(team && { Labels: new Map([['team', team]]) }), ...(Revision && { Revision }) },
});
const bot = (name: string) => ({ kind: 'bot', version: 'v1', metadata: { name }, spec: { roles: ['red'] } });
const stale = '00000000-0000-0000-0000-000000000000';

const byResource: readonly Omit<Comparison, 'caller'>[] = [
  { name: 'a role of the team', question: call(Auth, 'getRole', { Name: 'red' }) },
  { name: 'a role of another team', question: call(Auth, 'getRole', { Name: 'blue' }) },
  { name: 'a role of no team', question: call(Auth, 'getRole', { Name: 'sink' }) },
  { name: 'a role that is none', question: call(Auth, 'getRole', { Name: 'nosuch' }) },
  { name: 'all roles', question: call(Auth, 'listRoles', {}) },
  { name: 'roles by a word', question: call(Auth, 'listRoles', { Filter: { SearchKeywords: ['blue'] } }) },
  { name: 'create a role', question: call(Auth, 'createRole', { Role: role('red-2', 'red') }) },
  { name: 'create a role of another team', question: call(Auth, 'createRole', { Role: role('x', 'blue') }) },
  { name: 'create a role of no team', question: call(Auth, 'createRole', { Role: role('x') }) },
  { name: 'upsert a role', question: call(Auth, 'upsertRoleV2', { Role: role('red-2', 'green') }) },
  { name: 'upsert a role away', question: call(Auth, 'upsertRoleV2', { Role: role('red-2', 'blue') }) },
  { name: 'upsert a role of another team', question: call(Auth, 'upsertRoleV2', { Role: role('blue', 'red') }) },
  { name: 'update a role of another team', question: call(Auth, 'updateRole', { Role: role('blue', 'red', stale) }) },
  { name: 'update a role', question: call(Auth, 'updateRole', { Role: role('red-2', 'red', stale) }) },
  { name: 'delete a role of another team', question: call(Auth, 'deleteRole', { Name: 'blue' }) },
  { name: 'delete a role that is none', question: call(Auth, 'deleteRole', { Name: 'nosuch' }) },
  { name: 'delete a role', question: call(Auth, 'deleteRole', { Name: 'red-2' }) },
  { name: 'a bot', question: call(Bots, 'getBot', { botName: 'red-one' }) },
  { name: 'another bot', question: call(Bots, 'getBot', { botName: 'ci' }) },
  { name: 'a bot that is none', question: call(Bots, 'getBot', { botName: 'red-nosuch' }) },
  { name: 'all bots', question: call(Bots, 'listBots', {}) },
  { name: 'create a bot', question: call(Bots, 'createBot', { bot: bot('red-two') }) },
  { name: 'create another bot', question: call(Bots, 'createBot', { bot: bot('blue-two') }) },
  { name: 'upsert another bot', question: call(Bots, 'upsertBot', { bot: bot('blue-two') }) },
  {
    name: 'update a bot',
    question: call(Bots, 'updateBot', { bot: bot('red-two'), updateMask: ['spec.roles'] }),
    eventually: true,
  },
  {
    name: 'update another bot',
    question: call(Bots, 'updateBot', { bot: bot('ci'), updateMask: ['spec.roles'] }),
  },
  { name: 'delete another bot', question: call(Bots, 'deleteBot', { botName: 'ci' }) },
  { name: 'delete a bot', question: call(Bots, 'deleteBot', { botName: 'red-two' }) },
  ...['host', 'user', 'nonsense'].map((type) => ({
    name: `keys of the authority ${type}`,
    question: call(Trust, 'getCertAuthority', { type, domain: 'root.test', includeKey: true }),
  })),
  { name: 'keys of all authorities', question: call(Trust, 'getCertAuthorities', { type: 'host', includeKey: true }) },
  ...[['a.red.test'], ['a.red.test', 'b.blue.test'], []].map((principals) => ({
    name: `host certificate of ${principals.join(' and ') || 'nothing'}`,
    question: call(Trust, 'generateHostCert', (it) => ({
      ...{ key: it.keys.sshPublicKey, principals, hostId: 'h', clusterName: 'root.test', role: 'Node' },
      ttl: { seconds: 3_600n, nanos: 0 },
    })),
  })),
  { name: 'a token', question: call(Auth, 'getToken', { Name: 'token-kept' }) },
];

const impersonation: readonly Omit<Comparison, 'caller'>[] = [
  ...[['red'], ['blue'], ['red', 'blue'], ['viewer']].map((RoleRequests) => ({
    name: `the roles ${RoleRequests.join(' and ')}`,
    question: call(Auth, 'generateUserCerts', (it) =>
      it.certs({ Username: 'dora', UseRoleRequests: true, RoleRequests }),
    ),
  })),
  ...['bob', 'alice', 'bot-ci'].map((Username) => ({
    name: `the user ${Username}`,
    question: call(Auth, 'generateUserCerts', (it) => it.certs({ Username })),
  })),
];

const named = (what: string, list: readonly Omit<Comparison, 'caller'>[]): Comparison[] =>
  list.map((comparison) => ({ ...comparison, caller: 'dora', name: `${what}: ${comparison.name}` }));

export const asked: readonly Comparison[] = [
  ...decided('clause', clauses),
  ...decided('denied', clauses),
  ...decided('action', actions),
  ...['several-1', 'several-2', 'several-3'].map(
    (kind): Comparison => ({ name: `several rules: ${kind}`, caller: 'dora', question: watch(kind) }),
  ),
  ...named('clause about a resource', byResource),
  ...named('clause about impersonation', impersonation),
];
