import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import type { PaginatedResource } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import type { RouteKey } from './kept-routes.ts';
import { listServers } from './list-servers.ts';
import { DISCOVERED_NAME_LABEL, nameOrDiscoveredPredicate } from './resource-name.ts';
import type { TargetKind } from './target.ts';

/** A leaf that answers for ever is not listened to for ever. */
const MAX_PAGES = 100;

/** A resource as far as its name goes. */
export interface NamedResource {
  readonly Metadata?: { readonly Name: string; readonly Labels: ReadonlyMap<string, string> } | undefined;
}

const WORDS: Readonly<Record<TargetKind, { what: string; list: string; labels: string }>> = {
  application: { what: 'application', list: 'app_servers', labels: 'app_labels' },
  database: { what: 'database', list: 'db_servers', labels: 'db_labels' },
  kubernetes: { what: 'Kubernetes cluster', list: 'kube_servers', labels: 'kubernetes_labels' },
};

/**
 * All that is served of the one resource that a name stands for: the one that is called so, else the only one that the
 * cluster's discovery has found under that name (it makes longer ones of its own), as in tbot. Whatever the cluster
 * answers, nothing else counts.
 *
 * @returns at least one
 * @throws TeleportError `not_found`; `bad_parameter` where several were discovered under the name
 */
export async function foundByName<R extends NamedResource>(
  client: Client,
  key: RouteKey,
  resourceType: 'db_server' | 'kube_server',
  resourceOf: (server: PaginatedResource) => R | undefined,
): Promise<readonly R[]> {
  const { name, kind } = key;
  const predicate = nameOrDiscoveredPredicate(WORDS[kind].what, name);
  const discovered = new Map<string, R[]>();
  let next = '';
  for (let pages = 0; pages < MAX_PAGES && (pages === 0 || next !== ''); pages++) {
    const page = await listServers(client, resourceType, predicate, next);
    const resources = page.servers.map(resourceOf).filter((resource) => resource !== undefined);
    const exact = resources.filter(({ Metadata }) => Metadata?.Name === name);
    if (exact.length > 0) return exact;
    for (const resource of resources) {
      const { Name = '', Labels } = resource.Metadata ?? {};
      if (Name === '' || Labels?.get(DISCOVERED_NAME_LABEL) !== name) continue;
      const same = discovered.get(Name);
      if (same) same.push(resource);
      else discovered.set(Name, [resource]);
    }
    next = page.next;
  }
  const [only, another] = discovered.values();
  if (only && !another) return only;
  throw only ? ambiguousName(key, discovered.size) : targetNotFound(key);
}

/** Why there is nothing; a cluster does not say whether it is not there or not to be seen. */
export function targetNotFound({ kind, name, cluster, roles }: RouteKey): TeleportError {
  const { what, list, labels } = WORDS[kind];
  const who = roles.map((role) => JSON.stringify(role)).join(', ');
  return new TeleportError(
    'not_found',
    `there is no ${what} ${JSON.stringify(name)} in cluster ${cluster} that the roles ${who} may see`,
    { hint: `\`tctl get ${list}\` lists the ${what}s; a role sees those that its ${labels} allow` },
  );
}

/** Does not name them: the caller may be limited to some. */
function ambiguousName({ kind, name, cluster }: RouteKey, count: number): TeleportError {
  const { what, list } = WORDS[kind];
  return new TeleportError(
    'bad_parameter',
    `${count} ${what}s in cluster ${cluster} were discovered as ${JSON.stringify(name)}`,
    { hint: `give the full name of one, see \`tctl get ${list}\`` },
  );
}
