import type { Client } from '@teleport-ts/api-client';
import { targetNotFound } from './found-by-name.ts';
import type { RouteKey } from './kept-routes.ts';
import { listServers } from './list-servers.ts';
import { namePredicate } from './resource-name.ts';
import type { Target } from './target.ts';

/**
 * Looks an application up. Only one that carries exactly the name counts, whatever the cluster answers.
 *
 * @throws TeleportError `not_found`
 */
export async function findApplication(client: Client, key: RouteKey): Promise<Target> {
  const { name } = key;
  const addresses: string[] = [];
  // An application may be served by many agents; the first answers tell enough.
  const { servers } = await listServers(client, 'app_server', namePredicate('application', name));
  for (const { resource } of servers) {
    const app = resource?.$case === 'AppServer' ? resource.value.Spec?.App : undefined;
    if (app?.Metadata?.Name === name && app.Spec?.PublicAddr) addresses.push(app.Spec.PublicAddr);
  }
  // While an application moves, its agents may name different addresses; the choice should not jump between them.
  const publicAddress = addresses.sort()[0];
  if (publicAddress === undefined) throw targetNotFound(key);
  return { kind: 'application', name, publicAddress };
}
