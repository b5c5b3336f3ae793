import { type AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { usableApp } from '../access/usable.ts';
import { nameOf } from '../resources.ts';
import { serverKey } from '../state/cluster-state.ts';
import { describedBy, descriptionOf, type ListedKind } from './listed-kind.ts';

const appOf = (server: AppServerV3): AppV3 => server.Spec?.App ?? AppV3.create();
const publicAddrOf = (server: AppServerV3): string => appOf(server).Spec?.PublicAddr ?? '';

export const appServers: ListedKind<AppServerV3> = {
  kind: 'app_server',
  ruleKind: 'app_server',
  verbs: ['list', 'read'],
  hasNamespace: 'always',
  hasDuplicates: true,
  servers: (state) => state.appServers,
  keyOf: serverKey,
  usable: (server) => usableApp(appOf(server)),
  describe(server) {
    const app = appOf(server);
    return describedBy(app, usableApp(app), { alsoSearched: [descriptionOf(app), publicAddrOf(server)] });
  },
  identity: (server) => `${nameOf(appOf(server))}\n${publicAddrOf(server)}`,
  sortFields: {
    name: (server) => nameOf(appOf(server)),
    description: (server) => descriptionOf(appOf(server)),
    publicAddress: publicAddrOf,
  },
  paginated: (server) => ({ $case: 'AppServer', value: server }),
};
