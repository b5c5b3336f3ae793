import type { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { usableNode } from '../access/usable.ts';
import { nameOf } from '../resources.ts';
import { describedBy, type ListedKind } from './listed-kind.ts';

const hostnameOf = (node: ServerV2): string => node.Spec?.Hostname ?? '';
const addrOf = (node: ServerV2): string => node.Spec?.Addr ?? '';

export const nodes: ListedKind<ServerV2> = {
  kind: 'node',
  ruleKind: 'node',
  verbs: ['list'],
  hasNamespace: 'always',
  hasDuplicates: true,
  servers: (state) => state.nodes,
  keyOf: nameOf,
  usable: usableNode,
  describe(node) {
    return describedBy(node, usableNode(node), {
      // People call a node by its host name; the metadata has its id.
      name: hostnameOf(node),
      metadataName: nameOf(node),
      alsoSearched: [hostnameOf(node), addrOf(node), ...(node.Spec?.publicAddrs ?? [])],
      searchableWords: node.Spec?.UseTunnel ? ['tunnel'] : [],
    });
  },
  identity: nameOf,
  sortFields: { name: nameOf, hostname: hostnameOf, address: addrOf },
  paginated: (node) => ({ $case: 'Node', value: node }),
};
