import type { Client } from '@teleport-ts/api-client';
import { foundByName } from './found-by-name.ts';
import type { RouteKey } from './kept-routes.ts';
import type { Target } from './target.ts';

/**
 * Looks a Kubernetes cluster up, by its name or the one that it was discovered by.
 *
 * @throws TeleportError `not_found`, `bad_parameter`
 */
export async function findKubernetesCluster(client: Client, key: RouteKey): Promise<Target> {
  const clusters = await foundByName(client, key, 'kube_server', ({ resource }) =>
    resource?.$case === 'KubernetesServer' ? resource.value.Spec?.Cluster : undefined,
  );
  return { kind: 'kubernetes', name: clusters[0]!.Metadata!.Name };
}
