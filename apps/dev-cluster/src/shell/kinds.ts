import { didYouMean, TeleportError } from '@teleport-ts/api-types';
import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import type { KubernetesClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { LockTarget } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { nodeView } from '@teleport-ts/api-types/resources/node';
import { roleView } from '@teleport-ts/api-types/resources/role';
import type { ClusterContext } from '../cluster-context.ts';
import { AUTHORITY_TYPES } from '../pki/cert-authority.ts';
import { expiresAt, fromLabelValues, nameOf, type Resource } from '../resources.ts';
import { botOf } from '../state/bots.ts';
import { fromTimestamp } from '../timestamps.ts';
import type { KindName } from './kind-names.ts';

/** One resource as the shell shows it: JSON, in the terms of resource files. */
export interface Shown {
  readonly kind: KindName;
  readonly name: string;
  readonly [member: string]: unknown;
}

const RESOURCES: Readonly<Record<KindName, (context: ClusterContext) => Omit<Shown, 'kind'>[]>> = {
  app: ({ state }) =>
    merged<AppV3>(
      state.appServers.values().map(({ Spec }) => Spec?.App),
      state.apps.values(),
      ({ Spec }) => ({ uri: Spec?.URI ?? '', publicAddr: Spec?.PublicAddr ?? '' }),
    ),
  database: ({ state }) =>
    merged<DatabaseV3>(
      state.databaseServers.values().map(({ Spec }) => Spec?.Database),
      state.databases.values(),
      ({ Spec }) => ({ protocol: Spec?.Protocol ?? '', uri: Spec?.URI ?? '' }),
    ),
  'kube-cluster': ({ state }) =>
    merged<KubernetesClusterV3>(
      state.kubernetesServers.values().map(({ Spec }) => Spec?.Cluster),
      state.kubernetesClusters.values(),
      () => ({}),
    ),
  node: ({ state }) =>
    state.nodes.values().map((node) => {
      const { hostname, address, subKind } = nodeView(node);
      return { ...common(node), hostname, address, subKind };
    }),
  user: ({ state }) =>
    state.users.values().map((user) => ({
      ...common(user),
      roles: user.Spec?.Roles ?? [],
      traits: fromLabelValues(user.Spec?.Traits),
    })),
  role: ({ state }) =>
    state.roles.values().map((role) => {
      const { version, options, allow, deny } = roleView(role);
      return { ...common(role), version, options, allow, deny };
    }),
  bot: ({ state }) =>
    state.users.values().flatMap((user) => {
      const bot = botOf(state, user);
      if (!bot) return [];
      const traits = Object.fromEntries((bot.spec?.traits ?? []).map(({ name, values }) => [name, values]));
      return { ...common(user), name: bot.metadata?.name ?? '', user: nameOf(user), roles: bot.spec?.roles, traits };
    }),
  'bot-instance': ({ state }) =>
    state.botInstances.values().map(({ metadata, spec, status }) => ({
      name: `${spec?.botName}/${spec?.instanceId}`,
      bot: spec?.botName,
      generation: status?.latestAuthentications.at(-1)?.generation ?? 0,
      joined: iso(fromTimestamp(status?.initialAuthentication?.authenticatedAt)),
      expires: iso(fromTimestamp(metadata?.expires)),
    })),
  token: ({ state }) =>
    state.tokens.values().map((token) => ({
      ...common(token),
      joinMethod: token.Spec?.JoinMethod ?? '',
      roles: token.Spec?.Roles ?? [],
      bot: token.Spec?.BotName ?? '',
    })),
  lock: ({ state }) =>
    state.locks.values().map((lock) => ({
      ...common(lock),
      target: lockTarget(lock.Spec?.Target),
      message: lock.Spec?.Message ?? '',
      expires: iso(fromTimestamp(lock.Spec?.Expires)),
    })),
  authority: ({ authorities }) =>
    AUTHORITY_TYPES.map((type) => {
      const { rotation } = authorities.generations(type);
      const lastRotated = fromTimestamp(rotation?.LastRotated);
      return {
        name: type,
        phase: rotation?.Phase || 'standby',
        mode: rotation?.Mode ?? '',
        lastRotated: iso(lastRotated !== undefined && lastRotated > 0 ? lastRotated : undefined),
      };
    }),
};

/** All resources of a kind. */
export function allOf(context: ClusterContext, kind: KindName): Shown[] {
  return RESOURCES[kind](context).map((resource) => ({ kind, ...resource }) as Shown);
}

/**
 * One resource by its name; a node also by its host name, where that is one node's alone.
 *
 * @throws TeleportError `not_found`, or `bad_parameter` when the host name is several nodes'
 */
export function oneOf(context: ClusterContext, kind: KindName, name: string): Shown {
  const all = allOf(context, kind);
  const byName = all.find((resource) => resource.name === name);
  if (byName) return byName;
  const [first, second] = all.filter(({ hostname }) => hostname === name);
  if (first && second) {
    throw new TeleportError('bad_parameter', `there are several nodes with the host name ${name}`, {
      hint: 'name one by its id: dev-cluster ls nodes',
    });
  }
  if (first) return first;
  const names = all.map((resource) => resource.name);
  const near = didYouMean(name, names);
  throw new TeleportError('not_found', `there is no ${kind} ${JSON.stringify(name)}`, {
    hint: near === undefined ? `dev-cluster ls ${kind} lists what there is` : `did you mean ${near}?`,
  });
}

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

function common(resource: Resource): { name: string; [member: string]: unknown } {
  const { Description: description = '', Labels = new Map<string, string>() } = resource.Metadata ?? {};
  return {
    name: nameOf(resource),
    ...(description !== '' && { description }),
    labels: Object.fromEntries(Labels),
    expires: iso(expiresAt(resource)),
  };
}

/** What somebody serves, then what is written down and served by nobody. */
function merged<T extends Resource>(
  served: readonly (T | undefined)[],
  written: readonly T[],
  members: (resource: T) => object,
): Omit<Shown, 'kind'>[] {
  const shown = new Map<string, Omit<Shown, 'kind'>>();
  for (const resource of served) {
    if (resource) shown.set(nameOf(resource), { ...common(resource), ...members(resource), served: true });
  }
  for (const resource of written) {
    const name = nameOf(resource);
    if (!shown.has(name)) shown.set(name, { ...common(resource), ...members(resource), served: false });
  }
  return [...shown.values()];
}

function lockTarget(target: LockTarget = LockTarget.create()): Record<string, string> {
  const { User, Role, Login, ServerID, MFADevice, WindowsDesktop, AccessRequest, Device } = target;
  const members = {
    ...{ user: User, role: Role, login: Login, serverId: ServerID, mfaDevice: MFADevice },
    ...{ windowsDesktop: WindowsDesktop, accessRequest: AccessRequest, device: Device },
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ''));
}
