import { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import type { DatabaseServerV3 } from '@teleport-ts/api-types/proto/teleport/types/database_server';
import { usableDatabase } from '../access/usable.ts';
import { nameOf } from '../resources.ts';
import { serverKey } from '../state/cluster-state.ts';
import { describedBy, descriptionOf, type ListedKind } from './listed-kind.ts';

const databaseOf = (server: DatabaseServerV3): DatabaseV3 => server.Spec?.Database ?? DatabaseV3.create();

/** Where a database runs. Those of cloud providers are not told apart. */
const typeOf = (_server: DatabaseServerV3): string => 'self-hosted';

export const healthOf = (server: DatabaseServerV3): string => server.Status?.TargetHealth?.Status ?? '';

export const databaseServers: ListedKind<DatabaseServerV3> = {
  kind: 'db_server',
  ruleKind: 'db_server',
  verbs: ['list', 'read'],
  hasNamespace: 'always',
  hasDuplicates: true,
  servers: (state) => state.databaseServers,
  keyOf: serverKey,
  usable: (server) => usableDatabase(databaseOf(server)),
  describe(server) {
    const database = databaseOf(server);
    return describedBy(database, usableDatabase(database), {
      alsoSearched: [descriptionOf(database), database.Spec?.Protocol ?? '', typeOf(server)],
      healthStatus: healthOf(server),
    });
  },
  identity: (server) => nameOf(databaseOf(server)),
  sortFields: {
    name: (server) => nameOf(databaseOf(server)),
    description: (server) => descriptionOf(databaseOf(server)),
    type: typeOf,
  },
  paginated: (server) => ({ $case: 'DatabaseServer', value: server }),
};
