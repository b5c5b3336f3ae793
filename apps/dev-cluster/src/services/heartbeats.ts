import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { AppServerV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { DatabaseServerV3 } from '@teleport-ts/api-types/proto/teleport/types/database_server';
import {
  KeepAlive,
  KeepAlive_KeepAliveType as KeepAliveType,
} from '@teleport-ts/api-types/proto/teleport/types/keep_alive';
import type { KubernetesServerV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { checkAndSetDefaults as checkDatabase } from '@teleport-ts/api-types/resources/database';
import { checkAndSetDefaults as checkKubernetesCluster } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { authorize, authorizeIn, mayUse } from '../access/caller.ts';
import { usableNode } from '../access/usable.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { type Resource, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { checkApp } from '../state/applications.ts';
import { serverKey } from '../state/cluster-state.ts';
import { checkHeartbeat } from '../state/heartbeat.ts';
import { checkNode } from '../state/nodes.ts';
import { zeroTime } from '../timestamps.ts';

/** What Teleport's services report of themselves; what is not reported again in time is forgotten. */
export function heartbeatCalls({ state, serverVersion }: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    upsertApplicationServer({ Server }, { caller }) {
      const server = required(Server, 'app server');
      authorizeIn(namespaceOf(server), caller, 'app_server', 'create', 'update');
      const checked = checkHeartbeat('app', server, serverVersion);
      if (!checked.Spec.App) throw badParameter('missing app server App');
      const stored = withoutRevision<AppServerV3>({
        ...checked,
        Kind: 'app_server',
        Version: 'v3',
        Spec: { ...checked.Spec, App: checkApp(checked.Spec.App) },
      });
      state.appServers.put(serverKey(stored), stored);
      return keepAlive(stored, KeepAliveType.APP);
    },
    deleteApplicationServer({ Namespace, HostID, Name }, { caller }) {
      authorizeIn(Namespace, caller, 'app_server', 'delete');
      const isThere = Namespace !== '' && state.appServers.delete(`${HostID}/${Name}`);
      if (!isThere) throw keyNotFound('appServers', Namespace, HostID, Name);
      return {};
    },

    upsertDatabaseServer({ Server }, { caller }) {
      const server = required(Server, 'database server');
      authorizeIn(namespaceOf(server), caller, 'db_server', 'create', 'update');
      const checked = checkHeartbeat('database', server, serverVersion);
      if (checked.Spec.Hostname === '') throw badParameter('missing database server Hostname');
      if (!checked.Spec.Database) throw badParameter('missing database server Database');
      const stored = stamped<DatabaseServerV3>({
        ...checked,
        Kind: 'db_server',
        Version: 'v3',
        Spec: { ...checked.Spec, Database: checkDatabase(checked.Spec.Database) },
      });
      state.databaseServers.put(serverKey(stored), stored);
      return keepAlive(stored, KeepAliveType.DATABASE);
    },
    deleteDatabaseServer({ Namespace, HostID, Name }, { caller }) {
      authorizeIn(Namespace, caller, 'db_server', 'delete');
      if (Namespace === '') throw badParameter('missing database server namespace');
      if (HostID === '') throw badParameter('missing database server host ID');
      if (Name === '') throw badParameter('missing database server name');
      if (!state.databaseServers.delete(`${HostID}/${Name}`)) {
        throw keyNotFound('databaseServers', Namespace, HostID, Name);
      }
      return {};
    },

    upsertKubernetesServer({ Server }, { caller }) {
      const server = required(Server, 'kube server');
      authorize(caller, 'kube_server', 'create', 'update');
      const checked = checkHeartbeat('kube', server, serverVersion);
      if (!checked.Spec.Cluster) throw badParameter('missing kube server Cluster');
      const stored = stamped<KubernetesServerV3>({
        ...checked,
        Kind: 'kube_server',
        Version: 'v3',
        Spec: { ...checked.Spec, Cluster: checkKubernetesCluster(checked.Spec.Cluster) },
      });
      state.kubernetesServers.put(serverKey(stored), stored);
      return keepAlive(stored, KeepAliveType.KUBERNETES);
    },
    deleteKubernetesServer({ HostID, Name }, { caller }) {
      authorize(caller, 'kube_server', 'delete');
      if (Name === '') throw badParameter('no name specified for kubernetes server deletion');
      if (HostID === '') throw badParameter('no hostID specified for kubernetes server deletion');
      if (!state.kubernetesServers.delete(`${HostID}/${Name}`)) throw keyNotFound('kubeServers', HostID, Name);
      return {};
    },

    getNode({ Namespace, Name }, { caller }) {
      if (Namespace === '') throw badParameter('missing parameter namespace');
      if (Name === '') throw badParameter('missing parameter name');
      authorizeIn(Namespace, caller, 'node', 'read');
      const node = state.nodes.get(Name);
      if (!node) throw notFound(`"node" ${JSON.stringify(Name)} does not exist`);
      if (!mayUse(caller, usableNode(node))) throw notFound('not found');
      return node;
    },
    upsertNode(server, { caller, remoteAddress }) {
      authorize(caller, 'node', 'create', 'update');
      const node = stamped(checkNode(server, remoteAddress));
      state.nodes.put(node.Metadata?.Name ?? '', node);
      const { Name = '', Expires } = node.Metadata ?? {};
      // Of a node not even the time is told.
      return KeepAlive.create({ Expires: zeroTime(), ...(Expires && { Type: KeepAliveType.NODE, Name }) });
    },
    deleteNode({ Namespace, Name }, { caller }) {
      authorizeIn(Namespace, caller, 'node', 'delete');
      if (Namespace === '' || !state.nodes.delete(Name)) throw keyNotFound('nodes', Namespace, Name);
      return {};
    },
    deleteAllNodes({ Namespace }, { caller }) {
      authorizeIn(Namespace, caller, 'node', 'delete');
      for (const name of state.nodes.keys()) state.nodes.delete(name);
      return {};
    },
  });
}

const namespaceOf = (resource: Resource): string => resource.Metadata?.Namespace ?? '';

const keyNotFound = (...key: string[]): Error => notFound(`key "/${key.join('/')}" is not found`);

// The real process ends on a request without its main message; that is one fault that is not repeated here.
function required<S>(server: S | undefined, what: string): S {
  if (!server) throw badParameter(`missing ${what}`);
  return server;
}

/** Of all heartbeats only those of applications show no revision. */
const withoutRevision = <R extends Resource>(resource: R): R => {
  const stored = stamped(resource);
  return { ...stored, Metadata: stored.Metadata && { ...stored.Metadata, Revision: '' } };
};

/** What the reporter may extend; a report without an end needs nothing. */
function keepAlive(
  server: Resource & { readonly Spec: { readonly HostID: string } | undefined },
  type: KeepAliveType,
): KeepAlive {
  const { Metadata, Spec } = server;
  if (!Metadata?.Expires) return KeepAlive.create({ Expires: zeroTime() });
  const { Name, Namespace, Expires } = Metadata;
  return KeepAlive.create({ Name, Namespace, Expires, Type: type, HostID: Spec?.HostID ?? '' });
}
