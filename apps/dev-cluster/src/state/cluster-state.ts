import { randomUUID } from 'node:crypto';
import type { SignatureSuite } from '@teleport-ts/api-types';
import { BotInstance } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance';
import { AccessRequestV3 } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { AppServerV3, AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import { AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { ClusterNetworkingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/cluster_networking_config';
import { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import { DatabaseServerV3 } from '@teleport-ts/api-types/proto/teleport/types/database_server';
import { KubernetesClusterV3, KubernetesServerV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { PluginDataV3 } from '@teleport-ts/api-types/proto/teleport/types/plugin_data';
import { ProvisionTokenV2 } from '@teleport-ts/api-types/proto/teleport/types/provision_token';
import { RemoteClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/remote_cluster';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { SessionRecordingConfigV2 } from '@teleport-ts/api-types/proto/teleport/types/session_recording_config';
import { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import type { ClusterPorts } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../errors.ts';
import { UnifiedIndex } from '../listing/unified-index.ts';
import { expiresAt, nameOf, type Resource } from '../resources.ts';
import { jsonCodec } from '../store/codec.ts';
import type { Collection } from '../store/collection.ts';
import { Store } from '../store/store.ts';
import { fromTimestamp } from '../timestamps.ts';

/** What is decided when a cluster is made and stays. */
export interface ClusterFacts {
  readonly name: string;
  readonly clusterId: string;
  /** The auth service's host id. */
  readonly hostId: string;
  readonly signatureSuite: SignatureSuite;
  readonly authPort?: number;
  readonly proxyPort?: number;
  readonly proxySshPort?: number;
  readonly proxyTunnelPort?: number;
}

export interface ClusterStateOptions {
  readonly name?: string | undefined;
  readonly signatureSuite?: SignatureSuite | undefined;
  readonly dataDir?: string | undefined;
  readonly clock: Clock;
}

/** Everything that the cluster knows; the services read and write it, nothing else does. */
export class ClusterState {
  readonly store: Store;
  readonly clock: Clock;
  readonly roles: Collection<RoleV6>;
  readonly users: Collection<UserV2>;
  readonly tokens: Collection<ProvisionTokenV2>;
  /** By {@link botInstanceKey}. */
  readonly botInstances: Collection<BotInstance>;
  readonly locks: Collection<LockV2>;
  /** Applications, databases and Kubernetes clusters that somebody wrote down; whether anybody serves them is not said. */
  readonly apps: Collection<AppV3>;
  readonly databases: Collection<DatabaseV3>;
  readonly kubernetesClusters: Collection<KubernetesClusterV3>;
  /** Heartbeats of who serves them, by {@link serverKey}. */
  readonly appServers: Collection<AppServerV3>;
  readonly databaseServers: Collection<DatabaseServerV3>;
  readonly kubernetesServers: Collection<KubernetesServerV3>;
  readonly nodes: Collection<ServerV2>;
  /** All heartbeats in one order. */
  readonly unified: UnifiedIndex;
  readonly appSessions: Collection<WebSessionV2>;
  /** They end, but are not gone by that alone: somebody has to remove them. */
  readonly accessRequests: Collection<AccessRequestV3>;
  /** By {@link pluginDataKey}. */
  readonly pluginData: Collection<PluginDataV3>;
  /** The leaves. */
  readonly remoteClusters: Collection<RemoteClusterV3>;
  /** What is known of other clusters' authorities, by {@link authorityKey}. */
  readonly foreignAuthorities: Collection<CertAuthorityV2>;
  /** One, once somebody has written it. */
  readonly authPreference: Collection<AuthPreferenceV2>;
  readonly networkingConfig: Collection<ClusterNetworkingConfigV2>;
  readonly sessionRecordingConfig: Collection<SessionRecordingConfigV2>;
  readonly #facts: Collection<ClusterFacts>;

  constructor({ name, signatureSuite, dataDir, clock }: ClusterStateOptions) {
    const store = new Store({ clock, dataDir });
    this.store = store;
    this.clock = clock;
    this.#facts = store.collection('facts', { codec: jsonCodec<ClusterFacts>() });
    this.roles = store.collection('role', { codec: RoleV6 });
    this.users = store.collection('user', { codec: UserV2, expiresAt });
    this.tokens = store.collection('token', { codec: ProvisionTokenV2, expiresAt });
    this.botInstances = store.collection('bot_instance', {
      codec: BotInstance,
      expiresAt: ({ metadata }) => fromTimestamp(metadata?.expires),
    });
    this.locks = store.collection('lock', { codec: LockV2, expiresAt });
    this.apps = store.collection('app', { codec: AppV3, expiresAt });
    this.databases = store.collection('db', { codec: DatabaseV3, expiresAt });
    this.kubernetesClusters = store.collection('kube_cluster', { codec: KubernetesClusterV3, expiresAt });
    this.appServers = store.collection('app_server', { codec: AppServerV3, expiresAt });
    this.databaseServers = store.collection('db_server', { codec: DatabaseServerV3, expiresAt });
    this.kubernetesServers = store.collection('kube_server', { codec: KubernetesServerV3, expiresAt });
    this.nodes = store.collection('node', { codec: ServerV2, expiresAt });
    this.unified = new UnifiedIndex(this);
    this.appSessions = store.collection('web_session', { codec: WebSessionV2, expiresAt });
    this.accessRequests = store.collection('access_request', { codec: AccessRequestV3 });
    this.pluginData = store.collection('plugin_data', { codec: PluginDataV3, expiresAt });
    this.remoteClusters = store.collection('remote_cluster', { codec: RemoteClusterV3, expiresAt });
    this.foreignAuthorities = store.collection('cert_authority', { codec: CertAuthorityV2, expiresAt });
    this.authPreference = store.collection('cluster_auth_preference', { codec: AuthPreferenceV2 });
    this.networkingConfig = store.collection('cluster_networking_config', { codec: ClusterNetworkingConfigV2 });
    this.sessionRecordingConfig = store.collection('session_recording_config', { codec: SessionRecordingConfigV2 });
    const known = this.#facts.get(FACTS);
    if (known && name !== undefined && known.name !== name) {
      throw new Error(`the data directory holds the cluster ${known.name}, not ${name}; name another data directory`);
    }
    if (!known) {
      this.#facts.put(FACTS, {
        name: name ?? 'dev.cluster',
        clusterId: randomUUID(),
        hostId: randomUUID(),
        signatureSuite: signatureSuite ?? 'balanced-v1',
      });
    }
  }

  get facts(): ClusterFacts {
    return this.#facts.get(FACTS) as ClusterFacts;
  }

  get name(): string {
    return this.facts.name;
  }

  /** From now on new keys are of this suite. */
  useSignatureSuite(signatureSuite: SignatureSuite): void {
    this.#facts.put(FACTS, { ...this.facts, signatureSuite });
  }

  /** Remembers the ports, so that addresses stay valid when the cluster is started on the same data again. */
  rememberPorts({ auth, proxy, ssh, tunnel }: ClusterPorts): void {
    this.#facts.put(FACTS, {
      ...this.facts,
      authPort: auth,
      proxyPort: proxy,
      ...(ssh !== undefined && { proxySshPort: ssh }),
      ...(tunnel !== undefined && { proxyTunnelPort: tunnel }),
    });
  }
}

const FACTS = 'cluster';

export const botInstanceKey = (botName: string, instanceId: string): string => `${botName}/${instanceId}`;
export const pluginDataKey = (kind: string, resource: string): string => `${kind}/${resource}`;
export const authorityKey = (type: string, cluster: string): string => `${type}/${cluster}`;
export const appServerKey = (hostId: string, name: string): string => `${hostId}/${name}`;

/** The key of a heartbeat. */
export const serverKey = (server: Resource & { readonly Spec: { readonly HostID: string } | undefined }): string =>
  appServerKey(server.Spec?.HostID ?? '', nameOf(server));

/**
 * Ends what this cluster itself serves.
 *
 * @throws TeleportError `not_found`
 */
export function removeServedHere(
  state: ClusterState,
  servers: 'appServers' | 'databaseServers' | 'kubernetesServers',
  what: string,
  name: string,
): void {
  if (!state[servers].delete(appServerKey(state.facts.hostId, name))) {
    throw notFound(`"${what}" ${JSON.stringify(name)} does not exist`);
  }
}
