import type { RequestInput } from '@teleport-ts/api-types';
import { AuditLogServiceDefinition as Audit } from '@teleport-ts/api-types/proto/teleport/auditlog/v1/audit_log_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call, type GrpcQuestion } from './comparison.ts';
import type { Scene } from './scene.ts';

// Watches and the audit log.

type Kinds = NonNullable<RequestInput<(typeof Auth)['methods']['watchEvents']>['Kinds']>;

/** The first event of a watch, or its refusal. */
const watch = (kinds: Kinds, AllowPartialSuccess = false): GrpcQuestion =>
  call(Auth, 'watchEvents', { Kinds: kinds, AllowPartialSuccess }, 1);

type Search = RequestInput<(typeof Auth)['methods']['getEvents']>;
const day = 86_400_000;
const search =
  (request: Search = {}) =>
  (it: Scene): Search => ({
    Namespace: 'default',
    StartDate: it.inMs(-day),
    EndDate: it.inMs(day),
    Limit: 5,
    ...request,
  });

export const following: readonly Comparison[] = [
  { name: 'watch: roles', caller: 'admin', question: watch([{ Kind: 'role' }]) },
  { name: 'watch: two kinds', caller: 'admin', question: watch([{ Kind: 'role' }, { Kind: 'user' }]) },
  { name: 'watch: authorities', caller: 'bob', question: watch([{ Kind: 'cert_authority' }]) },
  {
    name: 'watch: authorities of one type',
    caller: 'bot',
    question: watch([{ Kind: 'cert_authority', Filter: new Map([['user', 'root.test']]) }]),
  },
  {
    name: 'watch: authorities, unknown filter',
    caller: 'admin',
    question: watch([{ Kind: 'cert_authority', Filter: new Map([['nonsense', 'x']]) }]),
  },
  {
    name: 'watch: authorities with secrets',
    caller: 'bob',
    question: watch([{ Kind: 'cert_authority', LoadSecrets: true }]),
  },
  { name: 'watch: no kinds', caller: 'admin', question: watch([]) },
  { name: 'watch: unknown kind', caller: 'admin', question: watch([{ Kind: 'nonsense' }]) },
  { name: 'watch: unknown kind, no right', caller: 'bob', question: watch([{ Kind: 'nonsense' }]) },
  { name: 'watch: empty kind', caller: 'admin', question: watch([{ Kind: '' }]) },
  { name: 'watch: no right', caller: 'bob', question: watch([{ Kind: 'role' }]) },
  { name: 'watch: one of two, no right', caller: 'bob', question: watch([{ Kind: 'node' }, { Kind: 'role' }]) },
  { name: 'watch: partial', caller: 'bob', question: watch([{ Kind: 'node' }, { Kind: 'role' }], true) },
  { name: 'watch: partial, nothing left', caller: 'bob', question: watch([{ Kind: 'role' }], true) },
  {
    name: 'watch: partial, unknown kind',
    caller: 'admin',
    question: watch([{ Kind: 'nonsense' }, { Kind: 'role' }], true),
  },
  { name: 'watch: locks', caller: 'admin', question: watch([{ Kind: 'lock' }]) },
  { name: 'watch: locks, no right', caller: 'bob', question: watch([{ Kind: 'lock' }]) },
  {
    name: 'watch: applications',
    caller: 'bob',
    question: watch([{ Kind: 'app_server' }, { Kind: 'db_server' }, { Kind: 'kube_server' }, { Kind: 'node' }]),
  },
  { name: 'watch: tokens', caller: 'admin', question: watch([{ Kind: 'token' }]) },
  { name: 'watch: authentication', caller: 'bob', question: watch([{ Kind: 'cluster_auth_preference' }]) },
  { name: 'watch: bot instances', caller: 'admin', question: watch([{ Kind: 'bot_instance' }]) },
  {
    name: 'watch: access requests of another',
    caller: 'bob',
    question: watch([{ Kind: 'access_request', Filter: new Map([['user', 'alice']]) }]),
  },
  {
    name: 'watch: own access requests',
    caller: 'bob',
    question: watch([{ Kind: 'access_request', Filter: new Map([['user', 'bob']]) }]),
  },
  { name: 'watch: a locked bot', caller: 'locked', question: watch([{ Kind: 'cert_authority' }]) },
  { name: 'watch: without a certificate', caller: 'nobody', question: watch([{ Kind: 'node' }]) },
  { name: 'audit: search, no right', caller: 'bob', question: call(Auth, 'getEvents', search()) },
  {
    name: 'audit: search, without a certificate',
    caller: 'nobody',
    question: call(Auth, 'getEvents', search()),
  },
  {
    name: 'audit: created roles',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ EventTypes: ['role.created'], Limit: 1, Order: 1 })),
    eventually: true,
    ignore: ['ID', 'Index', 'LastKey', 'UID'],
  },
  {
    name: 'audit: bots that joined',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ EventTypes: ['bot.join'], Limit: 1, Order: 1 })),
    eventually: true,
    ignore: ['ID', 'LastKey', 'RemoteAddr'],
  },
  {
    name: 'audit: certificates',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ EventTypes: ['cert.create'], Limit: 1, Order: 1 })),
    eventually: true,
    ignore: ['ID', 'LastKey'],
  },
  {
    name: 'audit: locks',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ EventTypes: ['lock.created'], Limit: 1, Order: 1 })),
    eventually: true,
    ignore: ['ID', 'LastKey'],
  },
  {
    name: 'audit: an event that is none',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ EventTypes: ['nonsense'] })),
  },
  {
    name: 'audit: no dates',
    caller: 'admin',
    question: call(Auth, 'getEvents', { Limit: 1 }),
    ignore: ['Items', 'LastKey'],
  },
  {
    name: 'audit: end before start',
    caller: 'admin',
    question: call(Auth, 'getEvents', (it) => ({ ...search()(it), EndDate: it.inMs(-3 * day) })),
  },
  {
    name: 'audit: too large a limit',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ Limit: 100_000 })),
    ignore: ['Items', 'LastKey'],
  },
  {
    name: 'audit: a key that is none',
    caller: 'admin',
    question: call(Auth, 'getEvents', search({ StartKey: 'nonsense' })),
    ignore: ['Items', 'LastKey'],
  },
  {
    name: 'audit: unstructured, no right',
    caller: 'bob',
    question: call(Audit, 'getUnstructuredEvents', (it) => ({
      startDate: it.inMs(-day),
      endDate: it.inMs(day),
      limit: 1,
    })),
  },
  {
    name: 'audit: unstructured, an event that is none',
    caller: 'admin',
    question: call(Audit, 'getUnstructuredEvents', (it) => ({
      startDate: it.inMs(-day),
      endDate: it.inMs(day),
      limit: 1,
      eventTypes: ['nonsense'],
    })),
  },
  {
    name: 'audit: export, no right',
    caller: 'bob',
    question: call(Audit, 'exportUnstructuredEvents', (it) => ({ date: it.inMs(0), chunk: 'x' })),
  },
  {
    name: 'audit: chunks, no right',
    caller: 'bob',
    question: call(Audit, 'getEventExportChunks', (it) => ({ date: it.inMs(0) })),
  },
  {
    name: 'sessions: app sessions of a user, no right',
    caller: 'bob',
    question: call(Auth, 'listAppSessions', { user: 'alice' }),
  },
  {
    name: 'sessions: an app session that is none',
    caller: 'admin',
    question: call(Auth, 'getAppSession', { SessionID: 'nosuch' }),
  },
  {
    name: 'sessions: delete those of another user, no right',
    caller: 'bob',
    question: call(Auth, 'deleteUserAppSessions', { Username: 'alice' }),
  },
];
