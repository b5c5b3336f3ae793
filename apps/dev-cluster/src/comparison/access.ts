import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { type Comparison, call } from './comparison.ts';

// Roles, users, and locks.

const role = (Name: string, Spec: object = {}, more: object = {}): object => ({
  Kind: 'role',
  Version: 'v7',
  Metadata: { Name },
  Spec,
  ...more,
});
const user = (Name: string, Roles: string[] = ['viewer'], more: object = {}): object => ({
  Kind: 'user',
  Version: 'v2',
  Metadata: { Name },
  Spec: { Roles },
  ...more,
});
const lock = (Name: string, Target: object, more: object = {}): object => ({
  Kind: 'lock',
  Version: 'v2',
  Metadata: { Name },
  Spec: { Target, ...more },
});
const stale = '00000000-0000-4000-8000-000000000000';

const ofRoles: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Auth, 'getRole', { Name: 'deployer' }) },
  { name: 'get, with deny', caller: 'admin', question: call(Auth, 'getRole', { Name: 'denied' }) },
  { name: 'get the role of a bot', caller: 'admin', question: call(Auth, 'getRole', { Name: 'bot-ci' }) },
  { name: 'get one of my own', caller: 'bob', question: call(Auth, 'getRole', { Name: 'viewer' }) },
  { name: 'get another, no right', caller: 'bob', question: call(Auth, 'getRole', { Name: 'sink' }) },
  { name: 'get, unknown', caller: 'admin', question: call(Auth, 'getRole', { Name: 'nosuch' }) },
  { name: 'get, unknown, no right', caller: 'bob', question: call(Auth, 'getRole', { Name: 'nosuch' }) },
  { name: 'get, no name', caller: 'admin', question: call(Auth, 'getRole', {}) },
  { name: 'list, no right', caller: 'bob', question: call(Auth, 'listRoles', { Limit: 10 }) },
  {
    ignore: ['NextKey'],
    name: 'list a page',
    caller: 'admin',
    question: call(Auth, 'listRoles', { Limit: 2, StartKey: 'denied' }),
  },
  {
    name: 'list by search',
    caller: 'admin',
    question: call(Auth, 'listRoles', { Limit: 10, Filter: { SearchKeywords: ['sink'] } }),
  },
  {
    name: 'create',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('made', { Allow: { Logins: ['a'] } }) }),
  },
  {
    name: 'create, version v6',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('made-v6', {}, { Version: 'v6' }) }),
  },
  {
    name: 'create, version v8',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('made-v8', {}, { Version: 'v8' }) }),
  },
  {
    name: 'create, exists',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('made') }),
    codeOnly: true,
  },
  { name: 'create, no right', caller: 'bob', question: call(Auth, 'createRole', { Role: role('mine') }) },
  { name: 'create, no name', caller: 'admin', question: call(Auth, 'createRole', { Role: role('') }) },
  {
    name: 'create, unknown version',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x1', {}, { Version: 'v99' }) }),
  },
  {
    name: 'create, another kind',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x2', {}, { Kind: 'user' }) }),
  },
  {
    name: 'create, rule without resources',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x3', { Allow: { Rules: [{ Verbs: ['read'] }] } }) }),
  },
  {
    name: 'create, rule without verbs',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x4', { Allow: { Rules: [{ Resources: ['role'] }] } }) }),
  },
  {
    name: 'create, broken where',
    caller: 'admin',
    question: call(Auth, 'createRole', {
      Role: role('x5', { Allow: { Rules: [{ Resources: ['role'], Verbs: ['read'], Where: 'equals(' }] } }),
    }),
  },
  {
    name: 'create, unknown function in where',
    caller: 'admin',
    question: call(Auth, 'createRole', {
      Role: role('x6', { Allow: { Rules: [{ Resources: ['role'], Verbs: ['read'], Where: 'nonsense(a)' }] } }),
    }),
  },
  {
    name: 'create, bad login template',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x7', { Allow: { Logins: ['{{internal.'] } }) }),
  },
  {
    name: 'create, wildcard label with other values',
    caller: 'admin',
    question: call(Auth, 'createRole', {
      Role: role('x8', { Allow: { AppLabels: { Values: new Map([['*', { Values: ['a'] }]]) } } }),
    }),
  },
  {
    name: 'create, broken label expression',
    caller: 'admin',
    question: call(Auth, 'createRole', { Role: role('x9', { Allow: { AppLabelsExpression: 'labels[' } }) }),
  },
  {
    name: 'update',
    caller: 'admin',
    question: call(Auth, 'updateRole', async (it) => {
      const current = await it.client('admin').call(Auth, 'getRole', { Name: 'sink' });
      return {
        Role: { ...current, Spec: { ...current.Spec, Allow: { ...current.Spec?.Allow, Logins: ['b'] } } } as never,
      };
    }),
  },
  {
    name: 'update, no revision',
    caller: 'admin',
    question: call(Auth, 'updateRole', { Role: role('viewer') }),
    codeOnly: true,
  },
  {
    name: 'update, stale revision',
    caller: 'admin',
    question: call(Auth, 'updateRole', { Role: role('viewer', {}, { Metadata: { Name: 'viewer', Revision: stale } }) }),
  },
  {
    name: 'update, unknown',
    caller: 'admin',
    question: call(Auth, 'updateRole', { Role: role('nosuch', {}, { Metadata: { Name: 'nosuch', Revision: stale } }) }),
  },
  {
    name: 'upsert',
    caller: 'admin',
    question: call(Auth, 'upsertRoleV2', {
      Role: role('made', { Allow: { Logins: ['b'] }, Options: { MaxSessionTTL: 3_600_000_000_000n } }),
    }),
  },
  { name: 'upsert, no right', caller: 'bob', question: call(Auth, 'upsertRoleV2', { Role: role('mine') }) },
  {
    name: 'read after the upsert',
    caller: 'admin',
    question: call(Auth, 'getRole', { Name: 'made' }),
    eventually: true,
  },
  { name: 'delete one that is in use', caller: 'admin', question: call(Auth, 'deleteRole', { Name: 'viewer' }) },
  { name: 'delete', caller: 'admin', question: call(Auth, 'deleteRole', { Name: 'made' }) },
  { name: 'delete, again', caller: 'admin', question: call(Auth, 'deleteRole', { Name: 'made' }) },
  { name: 'delete, no right', caller: 'bob', question: call(Auth, 'deleteRole', { Name: 'sink' }) },
  { name: 'delete, no name', caller: 'admin', question: call(Auth, 'deleteRole', {}) },
];

const ofUsers: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Users, 'getUser', { name: 'bob' }) },
  { name: 'get a bot', caller: 'admin', question: call(Users, 'getUser', { name: 'bot-ci' }) },
  { name: 'get the current one', caller: 'bob', question: call(Users, 'getUser', { currentUser: true }) },
  { name: 'get myself by name', caller: 'bob', question: call(Users, 'getUser', { name: 'bob' }) },
  { name: 'get, unknown', caller: 'admin', question: call(Users, 'getUser', { name: 'nosuch' }) },
  { name: 'get, no name', caller: 'admin', question: call(Users, 'getUser', {}) },
  { name: 'get, no right', caller: 'bob', question: call(Users, 'getUser', { name: 'alice' }) },
  { name: 'get with secrets', caller: 'admin', question: call(Users, 'getUser', { name: 'bob', withSecrets: true }) },
  { name: 'list, no right', caller: 'bob', question: call(Users, 'listUsers', {}) },
  { name: 'create', caller: 'admin', question: call(Users, 'createUser', { user: user('carol') }) },
  {
    name: 'create, exists',
    caller: 'admin',
    question: call(Users, 'createUser', { user: user('bob') }),
    codeOnly: true,
  },
  {
    name: 'create, unknown role',
    caller: 'admin',
    question: call(Users, 'createUser', { user: user('dave', ['nosuch']) }),
  },
  { name: 'create, no name', caller: 'admin', question: call(Users, 'createUser', { user: user('') }) },
  { name: 'create, nothing', caller: 'admin', question: call(Users, 'createUser', { user: {} }) },
  { name: 'create, no right', caller: 'bob', question: call(Users, 'createUser', { user: user('eve') }) },
  {
    name: 'upsert',
    caller: 'admin',
    question: call(Users, 'upsertUser', {
      user: user('carol', ['viewer', 'deployer'], {
        Spec: { Roles: ['viewer', 'deployer'], Traits: [{ Key: 'logins', Values: ['root'] }] },
      }),
    }),
  },
  {
    name: 'update, stale revision',
    caller: 'admin',
    question: call(Users, 'updateUser', {
      user: user('carol', ['viewer'], { Metadata: { Name: 'carol', Revision: stale } }),
    }),
  },
  {
    name: 'update, unknown',
    caller: 'admin',
    question: call(Users, 'updateUser', {
      user: user('nosuch', ['viewer'], { Metadata: { Name: 'nosuch', Revision: stale } }),
    }),
  },
  { name: 'delete', caller: 'admin', question: call(Users, 'deleteUser', { name: 'carol' }) },
  { name: 'delete, unknown', caller: 'admin', question: call(Users, 'deleteUser', { name: 'nosuch' }) },
  { name: 'delete, no right', caller: 'bob', question: call(Users, 'deleteUser', { name: 'alice' }) },
  { name: 'delete, no name', caller: 'admin', question: call(Users, 'deleteUser', {}) },
];

const ofLocks: readonly Comparison[] = [
  { name: 'get', caller: 'admin', question: call(Auth, 'getLock', { Name: 'lock-locked' }) },
  {
    differs: 'the real one names another resource in this text',
    at: ['details'],
    name: 'get, unknown',
    caller: 'admin',
    question: call(Auth, 'getLock', { Name: 'nosuch' }),
  },
  { name: 'get, no right', caller: 'bob', question: call(Auth, 'getLock', { Name: 'lock-locked' }) },
  {
    name: 'list by target',
    caller: 'admin',
    question: call(Auth, 'getLocks', { Targets: [{ User: 'bot-locked' }] }),
    ignore: ['CreatedAt'],
  },
  {
    name: 'list by a target that none has',
    caller: 'admin',
    question: call(Auth, 'getLocks', { Targets: [{ User: 'nosuch' }] }),
  },
  { name: 'list, no right', caller: 'bob', question: call(Auth, 'getLocks', {}) },
  { name: 'upsert', caller: 'admin', question: call(Auth, 'upsertLock', lock('lock-made', { Role: 'nosuch' })) },
  {
    name: 'read after the upsert',
    caller: 'admin',
    question: call(Auth, 'getLock', { Name: 'lock-made' }),
    eventually: true,
  },
  { name: 'upsert, no target', caller: 'admin', question: call(Auth, 'upsertLock', lock('lock-x', {})) },
  { name: 'upsert, no name', caller: 'admin', question: call(Auth, 'upsertLock', lock('', { User: 'x' })) },
  {
    name: 'upsert, expired',
    caller: 'admin',
    question: call(Auth, 'upsertLock', (it) => lock('lock-past', { User: 'nosuch' }, { Expires: it.inMs(-60_000) })),
  },
  { name: 'upsert, no right', caller: 'bob', question: call(Auth, 'upsertLock', lock('lock-mine', { User: 'alice' })) },
  { name: 'delete', caller: 'admin', question: call(Auth, 'deleteLock', { Name: 'lock-made' }) },
  { name: 'delete, unknown', caller: 'admin', question: call(Auth, 'deleteLock', { Name: 'nosuch' }) },
  { name: 'delete, no name', caller: 'admin', question: call(Auth, 'deleteLock', {}) },
  { name: 'delete, no right', caller: 'bob', question: call(Auth, 'deleteLock', { Name: 'lock-locked' }) },
];

const named = (what: string, list: readonly Comparison[]): Comparison[] =>
  list.map((comparison) => ({ ...comparison, name: `${what}: ${comparison.name}` }));

export const access: readonly Comparison[] = [
  ...named('roles', ofRoles),
  ...named('users', ofUsers),
  ...named('locks', ofLocks),
];
