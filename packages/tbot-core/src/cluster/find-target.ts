import type { Client } from '@teleport-ts/api-client';
import { findApplication } from './application-route.ts';
import { findDatabase } from './database-route.ts';
import type { RouteKey } from './kept-routes.ts';
import { findKubernetesCluster } from './kubernetes-route.ts';
import type { Target } from './target.ts';

/**
 * Looks a resource up on a connection whose roles decide what is visible.
 *
 * @throws TeleportError `not_found` for what does not exist or what the roles may not see: the cluster does not tell the two
 * apart; `bad_parameter` for a name that several were discovered by
 */
export function findTarget(client: Client, key: RouteKey): Promise<Target> {
  switch (key.kind) {
    case 'application':
      return findApplication(client, key);
    case 'database':
      return findDatabase(client, key);
    case 'kubernetes':
      return findKubernetesCluster(client, key);
  }
}
