import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { metadataOf } from '../resources.ts';
import { userClient } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';

// Codes and texts are those of a Teleport 18.0.0 that was asked the same.

let cluster: DevCluster;
let alice: WireClient;
let dev: WireClient;
let reader: WireClient;

beforeAll(async () => {
  cluster = await DevCluster.start();
  const every = { '*': '*' };
  const onlyDev = { env: 'dev' };
  const rules = (...resources: string[]) => [{ resources, verbs: ['*'] }];
  const all = { appLabels: every, databaseLabels: every, kubernetesLabels: every, nodeLabels: every };
  cluster.upsertRole({ name: 'admin', allow: { ...all, rules: rules('*') } });
  cluster.upsertRole({
    name: 'dev',
    allow: {
      appLabels: onlyDev,
      databaseLabels: onlyDev,
      kubernetesLabels: onlyDev,
      rules: rules('app', 'db', 'kube_cluster'),
    },
  });
  cluster.upsertRole({ name: 'reader', allow: all });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  cluster.upsertUser({ name: 'dev', roles: ['dev'] });
  cluster.upsertUser({ name: 'reader', roles: ['reader'] });
  [alice, dev, reader] = await Promise.all([
    userClient(cluster, 'alice'),
    userClient(cluster, 'dev'),
    userClient(cluster, 'reader'),
  ]);
});

afterAll(async () => {
  for (const client of [alice, dev, reader]) client.close();
  await cluster.stop();
});

type Labels = Record<string, string>;
const header = (Kind: string, name: string, labels: Labels) => ({
  Kind,
  Version: 'v3',
  Metadata: metadataOf({ name, labels }),
});
const app = (name: string, labels: Labels = {}, spec: object = {}) => ({
  ...header('app', name, labels),
  Spec: { URI: 'http://127.0.0.1:1', PublicAddr: `${name}.example.com`, ...spec },
});
const database = (name: string, labels: Labels = {}, spec: object = {}) => ({
  ...header('db', name, labels),
  Spec: { Protocol: 'postgres', URI: 'localhost:5432', ...spec },
});
const kubernetes = (name: string, labels: Labels = {}, spec: object = {}) => ({
  ...header('kube_cluster', name, labels),
  Spec: spec,
});

const calls = {
  app: {
    noun: 'app',
    make: app,
    create: (client: WireClient, r: object) => client.call(Auth, 'createApp', r),
    update: (client: WireClient, r: object) => client.call(Auth, 'updateApp', r),
    get: (client: WireClient, Name: string) => client.call(Auth, 'getApp', { Name }),
    list: async (client: WireClient) => (await client.call(Auth, 'getApps', {})).Apps,
    remove: (client: WireClient, Name: string) => client.call(Auth, 'deleteApp', { Name }),
    removeAll: (client: WireClient) => client.call(Auth, 'deleteAllApps', {}),
    denied: 'access to app denied. User does not have permissions. ',
  },
  db: {
    noun: 'database',
    make: database,
    create: (client: WireClient, r: object) => client.call(Auth, 'createDatabase', r),
    update: (client: WireClient, r: object) => client.call(Auth, 'updateDatabase', r),
    get: (client: WireClient, Name: string) => client.call(Auth, 'getDatabase', { Name }),
    list: async (client: WireClient) => (await client.call(Auth, 'getDatabases', {})).Databases,
    remove: (client: WireClient, Name: string) => client.call(Auth, 'deleteDatabase', { Name }),
    removeAll: (client: WireClient) => client.call(Auth, 'deleteAllDatabases', {}),
    denied: 'access to db denied. User does not have permissions. Confirm database user and name.',
  },
  kube_cluster: {
    noun: 'kubernetes cluster',
    make: kubernetes,
    create: (client: WireClient, r: object) => client.call(Auth, 'createKubernetesCluster', r),
    update: (client: WireClient, r: object) => client.call(Auth, 'updateKubernetesCluster', r),
    get: (client: WireClient, Name: string) => client.call(Auth, 'getKubernetesCluster', { Name }),
    list: async (client: WireClient) => (await client.call(Auth, 'getKubernetesClusters', {})).KubernetesClusters,
    remove: (client: WireClient, Name: string) => client.call(Auth, 'deleteKubernetesCluster', { Name }),
    removeAll: (client: WireClient) => client.call(Auth, 'deleteAllKubernetesClusters', {}),
    denied: 'access to kube_cluster denied. User does not have permissions. Confirm Kubernetes user or group.',
  },
};

describe.each(['app', 'db', 'kube_cluster'] as const)('a resource of kind %s', (kind) => {
  const { noun, make, create, update, get, list, remove, removeAll, denied } = calls[kind];
  const namesOf = async (client: WireClient) => (await list(client)).map(({ Metadata }) => Metadata?.Name);
  const ruleText = (verb: string) => `access denied to perform action "${verb}" on "${kind}"`;

  it('is made once, marked with where it came from, changed, and removed', async () => {
    await create(alice, make('x1', { env: 'prod' }));
    expect(await wireStatus(create(alice, make('x1')))).toEqual({ code: 6, details: `${noun} "x1" already exists` });
    const made = await get(alice, 'x1');
    expect(made).toMatchObject({ Kind: kind, Version: 'v3', Metadata: { Name: 'x1', Namespace: 'default' } });
    expect(Object.fromEntries(made.Metadata?.Labels ?? [])).toEqual({ env: 'prod', 'teleport.dev/origin': 'dynamic' });
    // A revision is not asked for.
    await update(alice, make('x1', { env: 'test' }));
    const changed = await get(alice, 'x1');
    expect(changed.Metadata?.Labels.get('env')).toBe('test');
    expect(changed.Metadata?.Revision).not.toBe(made.Metadata?.Revision);
    await remove(alice, 'x1');
    const gone = { code: 5, details: `"${kind}" "x1" does not exist` };
    expect(await wireStatus(get(alice, 'x1'))).toEqual(gone);
    expect(await wireStatus(update(alice, make('x1')))).toEqual(gone);
    expect(await wireStatus(remove(alice, 'x1'))).toEqual(gone);
  });

  it('is there for those only whose labels and rules cover it', async () => {
    await create(alice, make('x1', { env: 'prod' }));
    await create(alice, make('a1', { env: 'dev' }));
    expect(await namesOf(alice)).toEqual(['a1', 'x1']);
    expect(await namesOf(dev)).toEqual(['a1']);
    const refusal = { code: 7, details: denied };
    expect(await wireStatus(get(dev, 'x1'))).toEqual(refusal);
    expect(await wireStatus(create(dev, make('x2', { env: 'prod' })))).toEqual(refusal);
    expect(await wireStatus(update(dev, make('x1', { env: 'dev' })))).toEqual(refusal);
    expect(await wireStatus(update(dev, make('a1', { env: 'prod' })))).toEqual(refusal);
    expect(await wireStatus(remove(dev, 'x1'))).toEqual(refusal);
    expect(await wireStatus(create(reader, make('x3')))).toEqual({ code: 7, details: ruleText('create') });
    expect(await wireStatus(update(reader, make('x1')))).toEqual({ code: 7, details: ruleText('update') });
    expect(await wireStatus(remove(reader, 'nope'))).toEqual({ code: 7, details: ruleText('delete') });
    await removeAll(dev);
    expect(await namesOf(alice)).toEqual(['x1']);
    expect(await wireStatus(removeAll(reader))).toEqual({ code: 7, details: ruleText('delete') });
    await removeAll(alice);
    expect(await namesOf(alice)).toEqual([]);
  });

  it.each<[{ name: string; labels?: Record<string, string> }, string]>([
    [{ name: '' }, 'missing parameter Name'],
    [{ name: 'l', labels: { 'bad key!': 'x' } }, 'invalid label key: "bad key!"'],
    [
      { name: 'o', labels: { 'teleport.dev/origin': 'junk' } },
      'invalid origin value "junk", must be one of [defaults config-file dynamic cloud kubernetes okta scim ' +
        'discovery-kubernetes entra-id aws-identity-center integration_awsrolesanywhere]',
    ],
  ])('needs proper metadata: %o', async ({ name, labels = {} }, details) => {
    expect(await wireStatus(create(alice, make(name, labels)))).toEqual({ code: 3, details });
  });
});

const noMatch = (name: string, expression: string): string =>
  `"${name}" does not match regex used for validation "${expression}"`;
const DATABASE_NAME = '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$';
const unsafe = (name: string): string =>
  'special characters are not allowed in resource names, please use name composed only from characters, hyphens, dots, ' +
  `and plus signs: "/applications/${name}"`;

describe('what is wrong with', () => {
  it.each([
    [app('Bad Name'), unsafe('Bad Name')],
    [app('a/b'), unsafe('a/b')],
    [{ Metadata: metadataOf({ name: 'nokind' }) }, 'can\'t get label matchers for resource kind ""'],
    [app('sp', {}, { URI: '' }), 'app "sp" URI is empty'],
    [app('sp', {}, { Cloud: 'junk' }), 'app "sp" has unexpected Cloud value "junk"'],
    [
      app('sp', {}, { PublicAddr: 'kube-teleport-proxy-alpn.x' }),
      'app "kube-teleport-proxy-alpn." DNS prefix found in "kube-teleport-proxy-alpn.x" public_url is reserved for internal usage',
    ],
    [app('sp', {}, { Rewrite: { JWTClaims: 'junk' } }), 'app "sp" has unexpected JWT rewrite value "junk"'],
    [
      app('sp', {}, { URI: 'tcp://x:1', TCPPorts: [{ Port: 1 }] }),
      'TCP app URI "tcp://x:1" must not include a port number when the app spec defines a list of ports',
    ],
    [
      app('sp', {}, { URI: 'tcp://x', TCPPorts: [{ Port: 70_000 }] }),
      'validating a port range of a TCP app\n\tport must be between 1 and 65535, but got 70000',
    ],
    [
      app('sp', {}, { URI: 'tcp://x', TCPPorts: [{ Port: 10, EndPort: 5 }] }),
      'validating a port range of a TCP app\n\tend port must be between 11 and 65535, but got 5',
    ],
  ])('an application %#', async (given, details) => {
    expect(await wireStatus(alice.call(Auth, 'createApp', given))).toEqual({ code: 3, details });
  });

  it.each([
    [database('a.b'), `invalid database name\n\t${noMatch('a.b', DATABASE_NAME)}`],
    [database('1a'), `invalid database name\n\t${noMatch('1a', DATABASE_NAME)}`],
    [database('sp', {}, { URI: '' }), 'database "sp" URI is empty'],
    [database('sp', {}, { Protocol: '' }), 'database "sp" protocol is empty'],
    [
      database('sp', {}, { Protocol: 'junk' }),
      'unsupported database "sp" protocol "junk", supported are: [postgres mysql mongodb oracle cockroachdb redis snowflake ' +
        'sqlserver cassandra elasticsearch opensearch dynamodb clickhouse clickhouse-http spanner]',
    ],
    [
      database('sp', {}, { URI: 'nohostport' }),
      'invalid database "sp" address "nohostport": address nohostport: missing port in address',
    ],
    [
      database('sp', {}, { MySQL: { ServerVersion: '1' } }),
      'database "sp" MySQL ServerVersion can be only set for MySQL database',
    ],
    [
      database('sp', {}, { TLS: { CACert: 'junk' } }),
      'provided database "sp" CA doesn\'t appear to be a valid x509 certificate: expected PEM-encoded block',
    ],
    [
      database('sp', {}, { Protocol: 'oracle' }),
      'oracle database protocol is only available with an enterprise license',
    ],
    [database('sp', {}, { Protocol: 'snowflake' }), 'Snowflake address should contain snowflakecomputing.com'],
  ])('a database %#', async (given, details) => {
    expect(await wireStatus(alice.call(Auth, 'createDatabase', given))).toEqual({ code: 3, details });
  });

  it('a Kubernetes cluster', async () => {
    expect(await wireStatus(alice.call(Auth, 'createKubernetesCluster', kubernetes('a/b')))).toEqual({
      code: 3,
      details: `invalid kubernetes cluster name\n\t${noMatch('a/b', '^[a-zA-Z0-9._-]+$')}`,
    });
  });
});
