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
      return removeServed(name, state.apps, state.appServers, ({ Spec }) => Spec?.App);
    case 'database':
      return removeServed(name, state.databases, state.databaseServers, ({ Spec }) => Spec?.Database);
    case 'kube-cluster':
      return removeServed(name, state.kubernetesClusters, state.kubernetesServers, ({ Spec }) => Spec?.Cluster);
    case 'node':
      return void state.nodes.delete(name);
    case 'user':
      refuseBotPart(cluster, kind, name);
      return cluster.deleteUser(name);
    case 'role':
      refuseBotPart(cluster, kind, name);
      refuseHeldRole(cluster, name);
      return void state.roles.delete(name);
    case 'bot': {
      const userName = botUserName(name);
      state.users.delete(userName);
      return void state.roles.delete(userName);
    }
    case 'bot-instance':
      return void state.botInstances.delete(name);
    case 'token':
      return void state.tokens.delete(name);
    case 'lock':
      return cluster.unlock(name);
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
