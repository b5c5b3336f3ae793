import { type CredentialSource, connect } from '@teleport-ts/api-client';
import { listNodes, type NodeQuery } from '@teleport-ts/api-client/nodes';
import { TeleportError } from '@teleport-ts/api-types';
import type { ExpandedTemplate } from './proxy-templates.ts';

/** Where to look, and how. */
export interface NodeSearch extends Pick<ExpandedTemplate, 'query' | 'search'> {
  /** `host:port` */
  readonly proxy: string;
  readonly cluster: string;
  readonly credentials: CredentialSource;
  readonly isRoot: boolean;
  readonly insecure: boolean;
  readonly timeoutMs: number;
}

/**
 * The id of the one node of a cluster that a template's words or expression mean.
 *
 * @throws TeleportError `not_found` when there is none, `bad_parameter` when there are several
 */
export async function findNode(options: NodeSearch): Promise<string> {
  const { proxy, cluster, credentials, isRoot, insecure, timeoutMs, query, search } = options;
  await using client = await connect({
    addresses: [proxy],
    credentials,
    ...(isRoot ? {} : { cluster }),
    trust: { insecureDiscovery: insecure },
    timeouts: { connectMs: timeoutMs },
    userAgent: 'tbot',
  });
  const found: string[] = [];
  const wanted: NodeQuery = {
    ...(query && { predicate: query }),
    ...(search && { searchKeywords: keywords(search) }),
  };
  for await (const node of listNodes(client, wanted, { timeoutMs })) {
    if (found.push(node.name) > 1) break;
  }
  const [id, other] = found;
  const words = [query, search].filter(Boolean).join(' and ');
  if (id === undefined) {
    throw new TeleportError('not_found', `no node of cluster ${cluster} fits ${JSON.stringify(words)}`, {
      hint: 'the words come from the proxy templates',
    });
  }
  if (other !== undefined) {
    throw new TeleportError('bad_parameter', `several nodes of cluster ${cluster} fit ${JSON.stringify(words)}`, {
      hint: 'the words come from the proxy templates; make them say which node is meant',
    });
  }
  return id;
}

/** Words by commas; what stands in double quotes is one word. */
export function keywords(search: string): string[] {
  const words = search.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
  return words.map((word) => word.replaceAll('"', '').trim()).filter((word) => word !== '');
}
