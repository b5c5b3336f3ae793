import type { RequestInput } from '@teleport-ts/api-types';
import { PresenceServiceDefinition as Presence } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { type Comparison, call } from './comparison.ts';

// What is listed of what a role may see, and which expressions are understood.

type Request = RequestInput<(typeof Auth)['methods']['listResources']>;
type Unified = RequestInput<(typeof Auth)['methods']['listUnifiedResources']>;

/** Who serves a resource, when it was seen last, and whether it was well then differ by their nature. */
const ignore = [
  'HostID',
  'Hostname',
  'Metadata.Expires',
  'ProxyIDs',
  'Revision',
  'Spec.Version',
  'Rotation',
  'NextKey',
  'Version',
  'teleport.dev/origin',
  'TargetHealth',
];
const list = (request: Request) => call(Auth, 'listResources', { ResourceType: 'app_server', Limit: 10, ...request });

const expressions: readonly [string, string][] = [
  ['name', 'name == "foo"'],
  ['name that is none', 'name == "nosuch"'],
  ['label', 'labels["env"] == "demo"'],
  ['label by a dot', 'labels.env == "demo"'],
  ['label that is none', 'labels["nosuch"] == "demo"'],
  ['metadata', 'resource.metadata.name == "foo"'],
  ['address', 'resource.spec.public_addr == "foo.localhost"'],
  ['and', 'name == "foo" && labels["env"] == "demo"'],
  ['or', 'name == "nosuch" || labels["env"] == "demo"'],
  ['not', '!(name == "foo")'],
  ['unequal', 'name != "foo"'],
  ['equals()', 'equals(name, "foo")'],
  ['hasPrefix()', 'hasPrefix(name, "fo")'],
  ['search()', 'search("demo")'],
  ['exists()', 'exists(labels["env"])'],
  ['contains()', 'contains(name, "oo")'],
  ['split()', 'contains(split(labels["env"], ","), "demo")'],
  ['raw string', 'name == `foo`'],
  ['escapes', 'name == "\\x66\\u006fo"'],
  ['injection', 'name == "x" || name != ""'],
  ['injection that was escaped', 'name == "x\\" || name != \\""'],
  ['injection with true', 'name == "x" || true || ""'],
  ['open literal', 'name == "foo'],
  ['single quotes', "name == 'foo'"],
  ['no right side', 'name == '],
  ['sum', 'name == "f" + "oo"'],
  ['unknown name', 'nonsense == "foo"'],
  ['unknown field', 'resource.nonsense == "foo"'],
  ['unknown function', 'nonsense(name)'],
  ['a string alone', '"foo"'],
  ['a name alone', 'name'],
  ['a number', 'name == 1'],
  ['too few arguments', 'hasPrefix(name)'],
  ['less than', 'name < "foo"'],
  ['regular expression', 'matches(name, "f.*")'],
  ['unbalanced', '(name == "foo"'],
  ['two expressions', 'name == "foo" name == "foo"'],
  ['health', 'health.status == "x"'],
  ['blank', '   '],
];

const others: readonly [string, Request][] = [
  ['all', {}],
  ['no limit', { Limit: 0 }],
  ['negative limit', { Limit: -1 }],
  ['labels', { Labels: new Map([['env', 'demo']]) }],
  ['labels that none has', { Labels: new Map([['env', 'other']]) }],
  ['search', { SearchKeywords: ['demo'] }],
  ['search for two words', { SearchKeywords: ['demo', 'nosuch'] }],
  ['with a count', { NeedTotalCount: true }],
  ['sorted', { SortBy: { Field: 'name' } }],
  ['sorted by a field that is none', { SortBy: { Field: 'nonsense' } }],
  ['kind that is none', { ResourceType: 'nonsense' }],
  ['no kind', { ResourceType: '' }],
  ['databases', { ResourceType: 'db_server' }],
  [
    'a database by protocol',
    { ResourceType: 'db_server', PredicateExpression: 'resource.spec.protocol == "postgres"' },
  ],
  [
    'a database by a name that its kind has not',
    { ResourceType: 'db_server', PredicateExpression: 'resource.spec.public_addr == "x"' },
  ],
  ['Kubernetes servers', { ResourceType: 'kube_server' }],
  ['Kubernetes clusters', { ResourceType: 'kube_cluster' }],
  ['nodes', { ResourceType: 'node' }],
  ['nodes that none is', { ResourceType: 'node', PredicateExpression: 'name == "x"' }],
  ['desktops', { ResourceType: 'windows_desktop' }],
];

const unified: readonly [string, Unified][] = [
  ['all', {}],
  ['applications', { Kinds: ['app'] }],
  ['databases and nodes', { Kinds: ['db', 'node'] }],
  ['a kind that is none', { Kinds: ['nonsense'] }],
  ['predicate', { PredicateExpression: 'name == "foo"' }],
  ['broken predicate', { PredicateExpression: 'name == ' }],
  ['search', { SearchKeywords: ['demo'] }],
  ['labels', { Labels: new Map([['env', 'demo']]) }],
  ['no limit', { Limit: 0 }],
];

const app = (Name: string, Spec: object = {}): never =>
  ({ Kind: 'app', Version: 'v3', Metadata: { Name }, Spec: { URI: 'http://127.0.0.1:1', ...Spec } }) as never;
const database = (Name: string, Spec: object = {}): never =>
  ({
    Kind: 'db',
    Version: 'v3',
    Metadata: { Name },
    Spec: { Protocol: 'postgres', URI: 'localhost:1', ...Spec },
  }) as never;
const kubernetes = (Name: string, more: object = {}): never =>
  ({ Kind: 'kube_cluster', Version: 'v3', Metadata: { Name }, Spec: {}, ...more }) as never;

const written: readonly Comparison[] = [
  { name: 'apps: create', caller: 'admin', question: call(Auth, 'createApp', app('made')) },
  { name: 'apps: create, exists', caller: 'admin', question: call(Auth, 'createApp', app('made')), codeOnly: true },
  { name: 'apps: create, no address', caller: 'admin', question: call(Auth, 'createApp', app('x', { URI: '' })) },
  { name: 'apps: create, no name', caller: 'admin', question: call(Auth, 'createApp', app('')) },
  { name: 'apps: create, no host name', caller: 'admin', question: call(Auth, 'createApp', app('not a host')) },
  { name: 'apps: create, no right', caller: 'bob', question: call(Auth, 'createApp', app('mine')) },
  { name: 'apps: get', caller: 'admin', question: call(Auth, 'getApp', { Name: 'made' }), eventually: true },
  { name: 'apps: get, unknown', caller: 'admin', question: call(Auth, 'getApp', { Name: 'nosuch' }) },
  { name: 'apps: get, no right', caller: 'bob', question: call(Auth, 'getApp', { Name: 'made' }) },
  { name: 'apps: list', caller: 'admin', question: call(Auth, 'getApps', {}), eventually: true },
  {
    name: 'apps: update',
    caller: 'admin',
    question: call(Auth, 'updateApp', app('made', { URI: 'http://127.0.0.1:2' })),
  },
  { name: 'apps: update, unknown', caller: 'admin', question: call(Auth, 'updateApp', app('nosuch')), codeOnly: true },
  { name: 'apps: delete', caller: 'admin', question: call(Auth, 'deleteApp', { Name: 'made' }) },
  { name: 'apps: delete, unknown', caller: 'admin', question: call(Auth, 'deleteApp', { Name: 'nosuch' }) },
  { name: 'apps: delete, no right', caller: 'bob', question: call(Auth, 'deleteApp', { Name: 'made' }) },
  { name: 'databases: create', caller: 'admin', question: call(Auth, 'createDatabase', database('made')) },
  {
    name: 'databases: create, exists',
    caller: 'admin',
    question: call(Auth, 'createDatabase', database('made')),
    codeOnly: true,
  },
  {
    name: 'databases: create, unknown protocol',
    caller: 'admin',
    question: call(Auth, 'createDatabase', database('x', { Protocol: 'nonsense' })),
  },
  {
    name: 'databases: create, no protocol',
    caller: 'admin',
    question: call(Auth, 'createDatabase', database('x', { Protocol: '' })),
  },
  {
    name: 'databases: create, no address',
    caller: 'admin',
    question: call(Auth, 'createDatabase', database('x', { URI: '' })),
  },
  { name: 'databases: create, bad name', caller: 'admin', question: call(Auth, 'createDatabase', database('1_x')) },
  { name: 'databases: create, no right', caller: 'bob', question: call(Auth, 'createDatabase', database('mine')) },
  { name: 'databases: get', caller: 'admin', question: call(Auth, 'getDatabase', { Name: 'made' }), eventually: true },
  { name: 'databases: get, unknown', caller: 'admin', question: call(Auth, 'getDatabase', { Name: 'nosuch' }) },
  {
    name: 'databases: update',
    caller: 'admin',
    question: call(Auth, 'updateDatabase', database('made', { URI: 'localhost:2' })),
  },
  { name: 'databases: delete', caller: 'admin', question: call(Auth, 'deleteDatabase', { Name: 'made' }) },
  { name: 'databases: delete, unknown', caller: 'admin', question: call(Auth, 'deleteDatabase', { Name: 'nosuch' }) },
  { name: 'Kubernetes: create', caller: 'admin', question: call(Auth, 'createKubernetesCluster', kubernetes('made')) },
  {
    name: 'Kubernetes: create, exists',
    caller: 'admin',
    question: call(Auth, 'createKubernetesCluster', kubernetes('made')),
    codeOnly: true,
  },
  {
    name: 'Kubernetes: create, bad name',
    caller: 'admin',
    question: call(Auth, 'createKubernetesCluster', kubernetes('a b')),
  },
  {
    name: 'Kubernetes: create, no right',
    caller: 'bob',
    question: call(Auth, 'createKubernetesCluster', kubernetes('mine')),
  },
  {
    name: 'Kubernetes: get',
    caller: 'admin',
    question: call(Auth, 'getKubernetesCluster', { Name: 'made' }),
    eventually: true,
  },
  {
    name: 'Kubernetes: get, unknown',
    caller: 'admin',
    question: call(Auth, 'getKubernetesCluster', { Name: 'nosuch' }),
  },
  { name: 'Kubernetes: delete', caller: 'admin', question: call(Auth, 'deleteKubernetesCluster', { Name: 'made' }) },
  {
    name: 'Kubernetes: delete, unknown',
    caller: 'admin',
    question: call(Auth, 'deleteKubernetesCluster', { Name: 'nosuch' }),
  },
  {
    name: 'nodes: get, unknown',
    caller: 'admin',
    question: call(Auth, 'getNode', { Name: 'nosuch', Namespace: 'default' }),
  },
  {
    name: 'nodes: write as a user',
    caller: 'bob',
    question: call(Auth, 'upsertNode', {
      Kind: 'node',
      Version: 'v2',
      Metadata: { Name: 'n', Namespace: 'default' },
      Spec: { Hostname: 'n' },
    }),
  },
  { name: 'remote clusters: list', caller: 'admin', question: call(Presence, 'listRemoteClusters', {}) },
  { name: 'remote clusters: list, no label', caller: 'bob', question: call(Presence, 'listRemoteClusters', {}) },
  {
    name: 'remote clusters: get, unknown',
    caller: 'admin',
    question: call(Presence, 'getRemoteCluster', { name: 'nosuch' }),
  },
  { name: 'remote clusters: get, no name', caller: 'admin', question: call(Presence, 'getRemoteCluster', {}) },
  {
    name: 'remote clusters: delete, unknown',
    caller: 'admin',
    question: call(Presence, 'deleteRemoteCluster', { name: 'nosuch' }),
  },
];

export const listing: readonly Comparison[] = [
  ...expressions.map(
    ([name, expression]): Comparison => ({
      name: `predicate: ${name}`,
      caller: 'admin',
      question: list({ PredicateExpression: expression }),
      ignore,
    }),
  ),
  {
    name: 'predicate: newline in a literal',
    caller: 'admin',
    question: list({ PredicateExpression: 'name == "a\nb"' }),
    differs: 'the first error is told here, and not how many follow',
    at: ['details'],
  },
  ...others.map(
    ([name, request]): Comparison => ({ name: `listing: ${name}`, caller: 'admin', question: list(request), ignore }),
  ),
  { name: 'listing: a role that sees nothing', caller: 'bob', question: list({}), ignore },
  { name: 'listing: an output', caller: 'output', question: list({}), ignore },
  { name: 'listing: without a certificate', caller: 'nobody', question: list({}), ignore },
  ...unified.map(
    ([name, request]): Comparison => ({
      name: `unified: ${name}`,
      caller: 'admin',
      question: call(Auth, 'listUnifiedResources', { Limit: 10, ...request }),
      ignore,
    }),
  ),
  {
    name: 'unified: a role that sees nothing',
    caller: 'bob',
    question: call(Auth, 'listUnifiedResources', { Limit: 10 }),
    ignore,
  },
  ...written,
];
