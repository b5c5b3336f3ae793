import type { Client } from '@teleport-ts/api-client';
import { PresenceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/presence/v1/presence_service';

/** Names of the leaf clusters that the cluster knows, sorted. */
export async function leafClusters(client: Client): Promise<readonly string[]> {
  const presence = client.service(PresenceServiceDefinition);
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await presence.listRemoteClusters({ pageSize: 0, pageToken });
    for (const cluster of page.remoteClusters) if (cluster.Metadata?.Name) names.push(cluster.Metadata.Name);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return names.sort();
}
