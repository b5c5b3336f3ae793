import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import type { KubernetesClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import { checkAndSetDefaults as checkDatabase } from '@teleport-ts/api-types/resources/database';
import { checkAndSetDefaults as checkKubernetesCluster } from '@teleport-ts/api-types/resources/kubernetes-cluster';
import { authorize, type Caller, mayUse } from '../access/caller.ts';
import { notUsable, type Usable, usableApp, usableDatabase, usableKubernetesCluster } from '../access/usable.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { alreadyExists, badParameter, notFound } from '../errors.ts';
import { nameOf, type Resource, stamped } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { checkApp } from '../state/applications.ts';
import { checkDatabaseProtocol } from '../state/databases.ts';
import type { Collection } from '../store/collection.ts';

/** Applications, databases and Kubernetes clusters as somebody writes them down, whether or not they can be reached. */
export function dynamicResourceCalls({ state }: ClusterContext): Service {
  const apps = new DynamicResources<AppV3>({
    kind: 'app',
    name: 'app',
    items: state.apps,
    usable: usableApp,
    check: checkApp,
  });
  const databases = new DynamicResources<DatabaseV3>({
    kind: 'db',
    name: 'database',
    items: state.databases,
    usable: usableDatabase,
    check: checkDatabase,
    // Before anybody asks who wants this.
    precheck: (database) => checkDatabaseProtocol(checkDatabase(database)),
  });
  const clusters = new DynamicResources<KubernetesClusterV3>({
    kind: 'kube_cluster',
    name: 'kubernetes cluster',
    items: state.kubernetesClusters,
    usable: usableKubernetesCluster,
    check: checkKubernetesCluster,
  });
  return service(AuthServiceDefinition, {
    getApp: ({ Name }, { caller }) => apps.get(caller, Name),
    getApps: (_request, { caller }) => ({ Apps: apps.list(caller) }),
    createApp: (app, { caller }) => apps.create(caller, app),
    updateApp: (app, { caller }) => apps.update(caller, app),
    deleteApp: ({ Name }, { caller }) => apps.delete(caller, Name),
    deleteAllApps: (_request, { caller }) => apps.deleteAll(caller),

    getDatabase: ({ Name }, { caller }) => databases.get(caller, Name),
    getDatabases: (_request, { caller }) => ({ Databases: databases.list(caller) }),
    createDatabase: (database, { caller }) => databases.create(caller, database),
    updateDatabase: (database, { caller }) => databases.update(caller, database),
    deleteDatabase: ({ Name }, { caller }) => databases.delete(caller, Name),
    deleteAllDatabases: (_request, { caller }) => databases.deleteAll(caller),

    getKubernetesCluster: ({ Name }, { caller }) => clusters.get(caller, Name),
    getKubernetesClusters: (_request, { caller }) => ({ KubernetesClusters: clusters.list(caller) }),
    createKubernetesCluster: (cluster, { caller }) => clusters.create(caller, cluster),
    updateKubernetesCluster: (cluster, { caller }) => clusters.update(caller, cluster),
    deleteKubernetesCluster: ({ Name }, { caller }) => clusters.delete(caller, Name),
    deleteAllKubernetesClusters: (_request, { caller }) => clusters.deleteAll(caller),
  });
}

interface DynamicKind<R extends Resource> {
  readonly kind: 'app' | 'db' | 'kube_cluster';
  /** What refusals call it. */
  readonly name: string;
  readonly items: Collection<R>;
  readonly usable: (resource: R) => Usable;
  /** The resource with its defaults. */
  readonly check: (resource: R) => R;
  readonly precheck?: (resource: R) => void;
}

/** Rules decide who may do what, labels with which ones; nobody can make what it could not use. */
class DynamicResources<R extends Resource> {
  readonly #kind: DynamicKind<R>;

  constructor(kind: DynamicKind<R>) {
    this.#kind = kind;
  }

  get(caller: Caller, name: string): R {
    authorize(caller, this.#kind.kind, 'read');
    return this.#usable(caller, this.#existing(name));
  }

  list(caller: Caller): R[] {
    authorize(caller, this.#kind.kind, 'list', 'read');
    return this.#allUsable(caller);
  }

  create(caller: Caller, given: R): Record<string, never> {
    const { kind, items, name, precheck, check } = this.#kind;
    precheck?.(given);
    authorize(caller, kind, 'create');
    const resource = check(this.#mayHold(caller, withOrigin(given)));
    if (items.has(nameOf(resource))) throw alreadyExists(`${name} ${JSON.stringify(nameOf(resource))} already exists`);
    return this.#put(resource);
  }

  update(caller: Caller, given: R): Record<string, never> {
    const { kind, precheck, check } = this.#kind;
    precheck?.(given);
    authorize(caller, kind, 'update');
    this.#usable(caller, this.#existing(nameOf(given)));
    return this.#put(check(this.#mayHold(caller, withOrigin(given))));
  }

  delete(caller: Caller, name: string): Record<string, never> {
    authorize(caller, this.#kind.kind, 'delete');
    this.#kind.items.delete(nameOf(this.#usable(caller, this.#existing(name))));
    return {};
  }

  deleteAll(caller: Caller): Record<string, never> {
    authorize(caller, this.#kind.kind, 'list', 'delete');
    for (const resource of this.#allUsable(caller)) this.#kind.items.delete(nameOf(resource));
    return {};
  }

  #put(resource: R): Record<string, never> {
    const stored = stamped(resource);
    this.#kind.items.put(nameOf(stored), stored);
    return {};
  }

  #existing(name: string): R {
    const resource = this.#kind.items.get(name);
    if (!resource) throw notFound(`"${this.#kind.kind}" ${JSON.stringify(name)} does not exist`);
    return resource;
  }

  #usable(caller: Caller, resource: R): R {
    if (!mayUse(caller, this.#kind.usable(resource))) throw notUsable(this.#kind.kind);
    return resource;
  }

  /** As {@link #usable}, for what is not checked yet. */
  #mayHold(caller: Caller, resource: R): R {
    const { kind, precheck } = this.#kind;
    if (!precheck && resource.Kind !== kind) {
      throw badParameter(`can't get label matchers for resource kind ${JSON.stringify(resource.Kind)}`);
    }
    const namespace = resource.Metadata?.Namespace ?? '';
    if (namespace !== '' && namespace !== 'default') throw notUsable(kind);
    return this.#usable(caller, resource);
  }

  #allUsable(caller: Caller): R[] {
    return this.#kind.items.values().filter((resource) => mayUse(caller, this.#kind.usable(resource)));
  }
}

const ORIGIN = 'teleport.dev/origin';

/** Whatever comes by this way is marked, so that nobody takes it for a part of some configuration file. */
function withOrigin<R extends Resource>(resource: R): R {
  const { Metadata } = resource;
  if (!Metadata || Metadata.Labels.get(ORIGIN)) return resource;
  return { ...resource, Metadata: { ...Metadata, Labels: new Map(Metadata.Labels).set(ORIGIN, 'dynamic') } };
}
