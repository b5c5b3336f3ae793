import { readFileSync } from 'node:fs';
import { AuthServiceDefinition as Auth } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { UsersServiceDefinition as Users } from '@teleport-ts/api-types/proto/teleport/users/v1/users_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from '../dev-cluster.ts';
import { labelValues, metadataOf } from '../resources.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { userClient } from '../testing/wire-bot.ts';
import { type WireClient, wireStatus } from '../testing/wire-client.ts';
import { toTimestamp } from '../timestamps.ts';

// What a Teleport 18.0.0 answered to the same callers about the same resources.

interface RecordedCall {
  readonly user: string;
  readonly call: 'listResources' | 'listUnifiedResources';
  readonly request: Readonly<Record<string, unknown>>;
  readonly names?: readonly string[];
  readonly next?: string;
  readonly total?: number;
  readonly code?: number;
  readonly details?: string;
}

const RECORDED: readonly RecordedCall[] = JSON.parse(
  readFileSync(new URL('../../testdata/teleport-18/lists.json', import.meta.url), 'utf8'),
);

const clock = new FakeClock();
const clients: Record<string, WireClient> = {};
let cluster: DevCluster;

beforeAll(async () => {
  cluster = await DevCluster.start({ clock });
  const every = { '*': '*' };
  cluster.upsertRole({
    name: 'admin',
    allow: {
      rules: [{ resources: ['*'], verbs: ['*'] }],
      appLabels: every,
      databaseLabels: every,
      kubernetesLabels: every,
      nodeLabels: every,
      logins: ['root', 'ubuntu'],
    },
  });
  cluster.upsertUser({ name: 'alice', roles: ['admin'] });
  const alice = await userClient(cluster, 'alice');
  clients.alice = alice;
  for (const role of roles()) await alice.call(Auth, 'upsertRoleV2', { Role: role });
  for (const [name, held, team] of USERS) {
    const Spec = { Roles: held, Traits: labelValues(team ? { team } : {}) };
    await alice.call(Users, 'createUser', {
      user: { Kind: 'user', Version: 'v2', Metadata: metadataOf({ name }), Spec },
    });
    clients[name] = await userClient(cluster, name);
  }
  await heartbeats(alice);
});

afterAll(async () => {
  for (const client of Object.values(clients)) client.close();
  await cluster.stop();
});

const USERS: readonly (readonly [string, string[], string?])[] = [
  ['dev1', ['dev']],
  ['np', ['notprod']],
  ['ex', ['expr'], 'a'],
  ['tr', ['trait'], 'a'],
  ['nolist', ['nolist']],
  ['nokinds', ['nokinds']],
  ['none', ['dev', 'notprod']],
];

function roles() {
  const role = (name: string, Allow: object, Deny: object = {}) => ({
    Kind: 'role',
    Version: 'v7',
    Metadata: metadataOf({ name }),
    Spec: { Allow, Deny },
  });
  const each = (labels: Record<string, string>) => ({
    AppLabels: labelValues(labels),
    DatabaseLabels: labelValues(labels),
    KubernetesLabels: labelValues(labels),
    NodeLabels: labelValues(labels),
  });
  const all = each({ '*': '*' });
  const listless = (...Resources: string[]) => ({ Rules: [{ Resources, Verbs: ['list'] }] });
  return [
    role('dev', { ...each({ env: 'dev' }), Logins: ['u'] }),
    role('notprod', all, {
      AppLabels: labelValues({ env: 'prod' }),
      DatabaseLabelsExpression: 'labels["env"] == "prod"',
      KubernetesLabels: labelValues({ env: 'p*' }),
      NodeLabels: labelValues({ env: '^pr.*$' }),
    }),
    role('expr', {
      AppLabelsExpression: 'labels["env"] == "dev" || contains(user.spec.traits["team"], labels["team"])',
      DatabaseLabelsExpression: 'contains_any(user.spec.traits["team"], labels_matching("te*"))',
      NodeLabelsExpression: 'regexp.match(labels_matching("^env$"), "^d.v$")',
      KubernetesLabels: labelValues({ env: 'dev' }),
      KubernetesLabelsExpression: 'labels.team == "a"',
    }),
    role('trait', each({ team: '{{external.team}}' })),
    role('nolist', all, listless('app_server', 'node', 'kube_cluster')),
    role('nokinds', all, listless('*')),
  ];
}

async function heartbeats(alice: WireClient): Promise<void> {
  const expiresAt = clock.now() + 3_600_000;
  const dev = { env: 'dev', team: 'a' };
  const prod = { env: 'prod', team: 'b' };
  const command = new Map([['dyn', { Period: 1_000_000_000n, Command: ['x'], Result: 'dynval' }]]);
  const server = (HostID: string, name: string, Spec: object, more: object = {}) => ({
    Server: {
      Metadata: metadataOf({ name, expiresAt }),
      Spec: { HostID, Hostname: `host-${HostID}`, Version: '18.0.0', ...Spec },
      ...more,
    },
  });
  const described = (name: string, labels: Record<string, string>, Spec: object) => ({
    Metadata: { ...metadataOf({ name, labels, description: `d-${name}` }), Revision: '' },
    Spec,
  });
  const app = (host: string, name: string, labels: Record<string, string>, spec: object = {}) =>
    alice.call(
      Auth,
      'upsertApplicationServer',
      server(host, name, {
        App: described(name, labels, { URI: 'http://127.0.0.1:1', PublicAddr: `${name}.example.com`, ...spec }),
      }),
    );
  const database = (host: string, name: string, labels: Record<string, string>, Protocol: string, Status = '') =>
    alice.call(
      Auth,
      'upsertDatabaseServer',
      server(
        host,
        name,
        { Database: described(name, labels, { Protocol, URI: 'localhost:5432' }) },
        { Status: Status ? { TargetHealth: { Status } } : {} },
      ),
    );
  const kubernetes = (host: string, name: string, labels: Record<string, string>) =>
    alice.call(
      Auth,
      'upsertKubernetesServer',
      server(host, name, {
        Cluster: { Metadata: { ...metadataOf({ name, labels }), Revision: '' }, Spec: {} },
      }),
    );
  const node = (name: string, Hostname: string, labels: Record<string, string>, spec: object) =>
    alice.call(Auth, 'upsertNode', {
      Metadata: metadataOf({ name, labels, expiresAt }),
      Spec: { Addr: '10.0.0.1:3022', Hostname, Version: '18.0.0', ...spec },
    });
  await app('h2', 'aa', dev);
  await app('h1', 'bb', prod, { DynamicLabels: command });
  await app('h1', 'aa', dev);
  await app('h1', 'CC', { env: 'test', team: 'a' });
  await database('h1', 'pg', dev, 'postgres', 'healthy');
  await database('h2', 'pg', dev, 'postgres', 'unhealthy');
  await database('h1', 'my', prod, 'mysql');
  await kubernetes('h1', 'k1', dev);
  await kubernetes('h1', 'k2', prod);
  await kubernetes('h2', 'k1', dev);
  await node('11111111-1111-1111-1111-111111111111', 'zeta', dev, { publicAddrs: ['pub.example.com:22'] });
  await node('22222222-1111-1111-1111-111111111111', 'beta', prod, { UseTunnel: true, CmdLabels: command });
}

/** `AppServer:name@host`, a node's host name before its id, and the logins behind a `#`. */
function nameOf({ resource, Logins }: PaginatedResource): string {
  const { Metadata, Spec } = (resource?.value ?? {}) as {
    Metadata?: { Name: string };
    Spec?: { HostID?: string; Hostname?: string };
  };
  const hostname = resource?.$case === 'Node' ? `${Spec?.Hostname}/` : '';
  const host = Spec?.HostID ? `@${Spec.HostID}` : '';
  const logins = Logins.length > 0 ? `#${[...Logins].sort().join(',')}` : '';
  return `${resource?.$case}:${hostname}${Metadata?.Name}${host}${logins}`;
}

const requestOf = ({ Labels, ...request }: RecordedCall['request']): object => ({
  ...request,
  ...(Labels !== undefined && { Labels: new Map(Object.entries(Labels as object)) }),
});

describe.each(['listResources', 'listUnifiedResources'] as const)('%s answers as recorded', (call) => {
  const calls = RECORDED.filter((each) => each.call === call).map((each) => {
    const request = JSON.stringify(each.request);
    return [`${each.user} ${request}`, each] as const;
  });
  it.each(calls)('%s', async (_name, { user, request, code, details, names, next, total }) => {
    const answer = (clients[user] as WireClient).call(Auth, call, requestOf(request));
    if (code !== undefined) {
      expect(await wireStatus(answer)).toEqual({ code, details });
      return;
    }
    const { Resources, NextKey, ...rest } = await answer;
    expect({
      names: Resources.map(nameOf),
      next: NextKey,
      total: 'TotalCount' in rest ? rest.TotalCount : undefined,
    }).toEqual({
      names,
      next,
      total,
    });
  });
});

describe('heartbeats', () => {
  it('are forgotten when their time is over, from every list', async () => {
    const alice = clients.alice as WireClient;
    const soon = clock.now() + 60_000;
    await alice.call(Auth, 'upsertNode', {
      Metadata: { ...metadataOf({ name: '33' }), Expires: toTimestamp(soon) },
      Spec: { Hostname: 'brief' },
    });
    const listed = async () => {
      const search = { SearchKeywords: ['brief'] };
      const one = await alice.call(Auth, 'listResources', { ResourceType: 'node', ...search });
      const whole = await alice.call(Auth, 'listResources', { ResourceType: 'node', NeedTotalCount: true, ...search });
      const unified = await alice.call(Auth, 'listUnifiedResources', search);
      return [one.Resources.length, whole.TotalCount, unified.Resources.length];
    };
    expect(await listed()).toEqual([1, 1, 1]);
    await clock.advance(60_000);
    expect(await listed()).toEqual([0, 0, 0]);
    expect((await wireStatus(alice.call(Auth, 'getNode', { Namespace: 'default', Name: '33' }))).code).toBe(5);
  });
});
