// Resources recorded from a Teleport 18.0.0 come through their views and back unharmed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventsUnstructured } from '../gen/teleport/auditlog/v1/audit_log.ts';
import { Bot as BotMessage, ListBotsResponse } from '../gen/teleport/machineid/v1/bot.ts';
import { ListBotInstancesResponse } from '../gen/teleport/machineid/v1/bot_instance.ts';
import { Events } from '../gen/teleport/proto/audit.ts';
import { GetLocksResponse } from '../gen/teleport/proto/locks.ts';
import { ListResourcesResponse, type PaginatedResource } from '../gen/teleport/proto/resources.ts';
import { ListRolesResponse } from '../gen/teleport/proto/roles.ts';
import { GetCertAuthoritiesResponse } from '../gen/teleport/trust/v1/trust.ts';
import { AppV3 } from '../gen/teleport/types/app.ts';
import { AuthPreferenceV2 } from '../gen/teleport/types/auth_preference.ts';
import { CertAuthorityV2 } from '../gen/teleport/types/cert_authority.ts';
import { ClusterNameV2 } from '../gen/teleport/types/cluster_name.ts';
import { DatabaseV3 } from '../gen/teleport/types/database.ts';
import { KubernetesClusterV3 } from '../gen/teleport/types/kubernetes.ts';
import { LockV2 } from '../gen/teleport/types/lock.ts';
import { ProvisionTokenV2, ProvisionTokenV2List } from '../gen/teleport/types/provision_token.ts';
import { RoleV6 } from '../gen/teleport/types/role.ts';
import { ServerV2 } from '../gen/teleport/types/server.ts';
import { UserV2 } from '../gen/teleport/types/user.ts';
import { ListUsersResponse } from '../gen/teleport/users/v1/users.ts';
import type { MessageCodec } from '../service-definition.ts';
import * as application from './application.ts';
import { auditEventJsonView, auditEventView } from './audit-event.ts';
import * as authPreference from './auth-preference.ts';
import * as bot from './bot.ts';
import { botInstanceView } from './bot-instance.ts';
import * as certAuthority from './cert-authority.ts';
import * as clusterName from './cluster-name.ts';
import * as database from './database.ts';
import * as kubernetesCluster from './kubernetes-cluster.ts';
import * as lock from './lock.ts';
import * as node from './node.ts';
import * as role from './role.ts';
import * as token from './token.ts';
import * as user from './user.ts';

const recorded = <M>(codec: MessageCodec<M>, name: string): M =>
  codec.decode(readFileSync(join(import.meta.dirname, `../../testdata/teleport-18/wire/${name}.bin`)));

const listed = (name: string): PaginatedResource[] => recorded(ListResourcesResponse, name).Resources;
type Resource = NonNullable<PaginatedResource['resource']>;
type Of<C> = Extract<Resource, { $case: C }>['value'];
const resourcesOf = <C extends Resource['$case']>(name: string, $case: C): Of<C>[] =>
  listed(name).flatMap(({ resource }) => (resource?.$case === $case ? [resource.value as Of<C>] : []));
const set = <T>(value: T | undefined): T => {
  expect(value).toBeDefined();
  return value as T;
};

/** Each message comes back from its view, and no default has to be filled in: the cluster has. */
function comesBack<M, V extends object>(
  codec: MessageCodec<M>,
  messages: readonly M[],
  { view, make, check }: { view(message: M): V; make?(fields: V): M; check(message: M): M },
): void {
  expect(messages.length).toBeGreaterThan(0);
  const bytes = (message: M): string => Buffer.from(codec.encode(message).finish()).toString('hex');
  for (const message of messages) {
    expect(bytes(check(message))).toBe(bytes(message));
    if (make) expect(bytes(make({ ...view(message) }))).toBe(bytes(message));
    else expect(view(message)).toMatchObject({ raw: message });
  }
}

describe('a recorded resource comes back from its view', () => {
  it('role', () => {
    const { Roles } = recorded(ListRolesResponse, 'list-roles');
    comesBack(RoleV6, Roles, { view: role.roleView, make: role.newRole, check: role.checkAndSetDefaults });
  });
  it('user', () => {
    const { users } = recorded(ListUsersResponse, 'list-users');
    comesBack(UserV2, users, { view: user.userView, make: user.newUser, check: user.checkAndSetDefaults });
  });
  it('token', () => {
    const { ProvisionTokens } = recorded(ProvisionTokenV2List, 'get-tokens');
    const parts = { view: token.tokenView, make: token.newToken, check: token.checkAndSetDefaults };
    comesBack(ProvisionTokenV2, ProvisionTokens, parts);
  });
  it('lock', () => {
    const { Locks } = recorded(GetLocksResponse, 'get-locks-all');
    comesBack(LockV2, Locks, { view: lock.lockView, make: lock.newLock, check: lock.checkAndSetDefaults });
  });
  it('bot', () => {
    const { bots } = recorded(ListBotsResponse, 'list-bots');
    comesBack(BotMessage, bots, { view: bot.botView, make: bot.newBot, check: bot.checkAndSetDefaults });
  });
  it('node', () => {
    const parts = { view: node.nodeView, make: node.newNode, check: node.checkAndSetDefaults };
    comesBack(ServerV2, resourcesOf('list-resources-node', 'Node'), parts);
  });
  it('application', () => {
    const servers = resourcesOf('list-resources-app-server', 'AppServer');
    const { applicationView: view, newApplication: make, checkAndSetDefaults: check } = application;
    comesBack(
      AppV3,
      servers.map(({ Spec }) => set(Spec?.App)),
      { view, make, check },
    );
  });
  it('database', () => {
    const servers = resourcesOf('list-resources-db-server', 'DatabaseServer');
    const { databaseView: view, newDatabase: make, checkAndSetDefaults: check } = database;
    comesBack(
      DatabaseV3,
      servers.map(({ Spec }) => set(Spec?.Database)),
      { view, make, check },
    );
  });
  it('Kubernetes cluster', () => {
    const servers = resourcesOf('list-resources-kube-server', 'KubernetesServer');
    const { kubernetesClusterView: view, newKubernetesCluster: make, checkAndSetDefaults: check } = kubernetesCluster;
    comesBack(
      KubernetesClusterV3,
      servers.map(({ Spec }) => set(Spec?.Cluster)),
      { view, make, check },
    );
  });
  it('authority', () => {
    const names = ['host', 'user', 'db', 'openssh'].map((type) => `get-cert-authorities-${type}`);
    const all = names.flatMap((name) => recorded(GetCertAuthoritiesResponse, name).certAuthoritiesV2);
    comesBack(CertAuthorityV2, all, {
      view: certAuthority.certAuthorityView,
      check: certAuthority.checkAndSetDefaults,
    });
  });
  it('auth preference', () => {
    const { authPreferenceView: view, newAuthPreference: make, checkAndSetDefaults: check } = authPreference;
    comesBack(AuthPreferenceV2, [recorded(AuthPreferenceV2, 'get-auth-preference')], { view, make, check });
  });
  it('cluster name', () => {
    const { clusterNameView: view, checkAndSetDefaults: check } = clusterName;
    comesBack(ClusterNameV2, [recorded(ClusterNameV2, 'get-cluster-name')], { view, check });
  });
});

describe('a view says in its own words', () => {
  it('what a role allows', () => {
    expect(role.roleView(recorded(RoleV6, 'get-role-deployer'))).toMatchObject({
      name: 'deployer',
      kind: 'role',
      options: { maxSessionTtlMs: expect.any(Number), recordSession: { default: 'best_effort' } },
      allow: { appLabels: { '*': ['*'] } },
      deny: { appLabels: {} },
    });
    const thresholds = role.roleView(recorded(RoleV6, 'get-role-thresholds'));
    expect(set(thresholds.allow.request).thresholds?.length).toBeGreaterThan(0);
    expect(role.roleView(recorded(RoleV6, 'get-role-bot-ci')).allow.impersonate?.roles?.length).toBeGreaterThan(0);
  });
  it('who a user is', () => {
    const { users } = recorded(ListUsersResponse, 'list-users');
    const views = users.map(user.userView);
    expect(views.find(({ name }) => name === 'alice')).toMatchObject({ botName: undefined, lockout: undefined });
    expect(views.find(({ botName }) => botName === 'ci')).toMatchObject({ name: 'bot-ci', roles: ['bot-ci'] });
    expect(views.every(({ expires }) => expires === undefined || expires.getTime() > 0)).toBe(true);
  });
  it('whom a lock shuts out; one that the cluster made says no time', () => {
    const locks = recorded(GetLocksResponse, 'get-locks-after-mismatch').Locks.map(lock.lockView);
    expect(locks.at(-1)).toMatchObject({
      target: { user: expect.stringMatching(/^bot-/) },
      createdAt: undefined,
      expires: undefined,
    });
  });
  it('what a service serves', () => {
    const [server] = resourcesOf('list-resources-db-server', 'DatabaseServer').map(database.databaseServerView);
    expect(server).toMatchObject({ hostId: expect.stringMatching(/./), teleportVersion: '18.0.0' });
    expect(server?.database).toMatchObject({ name: server?.name, protocol: 'mongodb', tls: { mode: 'verify_full' } });
    expect(server?.rotation).toBeUndefined();
  });
  it('how an agent came to be', () => {
    const [instance] = recorded(ListBotInstancesResponse, 'list-bot-instances-renewed').botInstances.map(
      botInstanceView,
    );
    expect(instance).toMatchObject({ botName: 'ci', initialAuthentication: { joinMethod: 'token', generation: 1 } });
    expect(instance?.initialAuthentication?.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(instance?.latestAuthentications.at(-1)?.generation).toBeGreaterThan(1);
  });
  it('what happened', () => {
    const typed = recorded(Events, 'get-events-order0').Items.map(auditEventView);
    expect(typed[0]).toMatchObject({ type: expect.stringMatching(/\./), code: expect.stringMatching(/^T/) });
    expect(typed[0]?.time).toBeInstanceOf(Date);
    const json = recorded(EventsUnstructured, 'get-unstructured-events').items.map(auditEventJsonView);
    expect(json.length).toBeGreaterThan(0);
    for (const event of json) expect(event.fields).toMatchObject({ event: event.type, code: event.code });
  });
});
