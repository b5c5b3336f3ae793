import { TeleportError } from '@teleport-ts/api-types';
import type { DevCluster } from '../dev-cluster.ts';
import { nameOf, type Resource } from '../resources.ts';
import { botUserName } from '../state/bots.ts';
import type { Collection } from '../store/collection.ts';
import type { Shown } from './kinds.ts';

/**
 * Removes what {@link oneOf} found.
 *
 * @throws TeleportError `unknown` when it must stay, or is part of something else
 */
export function remove(cluster: DevCluster, { kind, name }: Shown): void {
  const { state } = cluster.context;
  switch (kind) {
    case 'app':
      removeServed(name, state.apps, state.appServers, ({ Spec }) => Spec?.App);
      break;
    case 'database':
      removeServed(name, state.databases, state.databaseServers, ({ Spec }) => Spec?.Database);
      break;
    case 'kube-cluster':
      removeServed(name, state.kubernetesClusters, state.kubernetesServers, ({ Spec }) => Spec?.Cluster);
      break;
    case 'node':
      state.nodes.delete(name);
      break;
    case 'user':
      refuseBotPart(cluster, kind, name);
      cluster.deleteUser(name);
      break;
    case 'role':
      refuseBotPart(cluster, kind, name);
      refuseHeldRole(cluster, name);
      state.roles.delete(name);
      break;
    case 'bot': {
      const userName = botUserName(name);
      state.users.delete(userName);
      state.roles.delete(userName);
      break;
    }
    case 'bot-instance':
      state.botInstances.delete(name);
      break;
    case 'token':
      state.tokens.delete(name);
      break;
    case 'lock':
      cluster.unlock(name);
      break;
    case 'authority':
      throw new TeleportError('unknown', 'a cluster cannot be without an authority', {
        hint: `replace it by a new one: dev-cluster rotate ${name} init`,
      });
  }
}

/** What is written down, and what says that somebody serves it. */
function removeServed<W extends Resource, S extends Resource>(
  name: string,
  written: Collection<W>,
  servers: Collection<S>,
  served: (server: S) => Resource | undefined,
): void {
  written.delete(name);
  for (const key of servers.keys()) {
    const server = servers.get(key);
    const resource = server && served(server);
    if (resource && nameOf(resource) === name) servers.delete(key);
  }
}

function refuseBotPart(cluster: DevCluster, kind: string, name: string): void {
  const { state } = cluster.context;
  const labels = (kind === 'user' ? state.users : state.roles).get(name)?.Metadata?.Labels;
  const bot = labels?.get('teleport.internal/bot');
  if (bot === undefined || botUserName(bot) !== name) return;
  throw new TeleportError('unknown', `the ${kind} ${JSON.stringify(name)} belongs to the bot ${bot}`, {
    hint: `remove the bot: dev-cluster rm bot ${bot}`,
  });
}

function refuseHeldRole({ context }: DevCluster, name: string): void {
  const holder = context.state.users.values().find((user) => user.Spec?.Roles.includes(name));
  if (!holder) return;
  throw new TeleportError('unknown', `the role ${JSON.stringify(name)} is held by the user ${nameOf(holder)}`, {
    hint: `give that user other roles first: dev-cluster add user ${nameOf(holder)} --role … --replace`,
  });
}
