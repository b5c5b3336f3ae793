import { nameOf, type Resource } from '../resources.ts';
import type { ClusterState } from '../state/cluster-state.ts';
import { type Collection, lowerBound } from '../store/collection.ts';

export type UnifiedKind = 'app' | 'db' | 'kube_cluster' | 'node';

/** One thing in the unified list: the newest heartbeat stands for all hosts that serve it. */
export interface UnifiedEntry {
  readonly kind: UnifiedKind;
  readonly servers: Collection<Resource>;
  /** Store keys of its heartbeats, the newest last. */
  readonly keys: Set<string>;
  byName: string;
  byKind: string;
}

interface Source {
  readonly kind: UnifiedKind;
  readonly servers: Collection<Resource>;
  /** The name by which it is sorted. */
  readonly nameOf: (server: Resource) => string;
}

/**
 * Applications, databases, Kubernetes clusters and nodes in one order, kept up to date with every write, so that a page
 * costs what the page holds and not what the cluster holds.
 */
export class UnifiedIndex {
  readonly #sources: ReadonlyMap<string, Source>;
  readonly #entries = new Map<string, UnifiedEntry>();
  readonly #orders = { byName: new Order(), byKind: new Order() };

  constructor(state: ClusterState) {
    const inner = (field: string) => (server: Resource) => {
      const spec = (server as Resource & { Spec?: Record<string, unknown> }).Spec;
      return nameOf((spec?.[field] ?? server) as Resource);
    };
    const host = (server: Resource): string => {
      const { Spec } = server as Resource & { Spec?: { Hostname?: string } };
      return `${Spec?.Hostname ?? ''}/${nameOf(server)}`;
    };
    const source = (kind: UnifiedKind, servers: unknown, name: (server: Resource) => string): Source => ({
      kind,
      servers: servers as Collection<Resource>,
      nameOf: name,
    });
    const sources = [
      source('app', state.appServers, inner('App')),
      source('db', state.databaseServers, inner('Database')),
      source('kube_cluster', state.kubernetesServers, inner('Cluster')),
      source('node', state.nodes, host),
    ];
    this.#sources = new Map(sources.map((each) => [each.servers.kind, each]));
    for (const each of sources) {
      for (const key of each.servers.keys()) this.#put(each, key, each.servers.get(key) as Resource);
    }
    state.store.subscribe(({ kind, key, value }) => {
      const each = this.#sources.get(kind);
      if (!each) return;
      if (value === undefined) this.#delete(each, key);
      else this.#put(each, key, value as Resource);
    });
  }

  /** Everything from a key on, in one order; what has expired is not there. */
  *from(order: 'byName' | 'byKind', start: string, isDescending: boolean): Iterable<[UnifiedEntry, Resource[]]> {
    for (const key of this.#orders[order].from(start, isDescending)) {
      const entry = this.#orders[order].get(key);
      if (!entry) continue;
      // Reading one that has expired removes it.
      const servers = [...entry.keys].map((each) => entry.servers.get(each)).filter((each) => each !== undefined);
      if (servers.length > 0) yield [entry, servers];
    }
  }

  /** The heartbeats that still live; reading one that does not removes it. */
  #put({ kind, servers, nameOf: nameFor }: Source, key: string, server: Resource): void {
    const id = entryId(kind, key);
    const name = nameFor(server).toLowerCase();
    const byName = `/unified_resource/${name}/${kind}`;
    const byKind = `/unified_resource/${kind}/${name}`;
    const known = this.#entries.get(id);
    if (known && known.byName !== byName) this.#remove(known);
    const entry: UnifiedEntry = known ?? { kind, servers, keys: new Set(), byName, byKind };
    entry.byName = byName;
    entry.byKind = byKind;
    entry.keys.delete(key);
    entry.keys.add(key);
    this.#entries.set(id, entry);
    this.#orders.byName.set(byName, entry);
    this.#orders.byKind.set(byKind, entry);
  }

  #delete({ kind }: Source, key: string): void {
    const id = entryId(kind, key);
    const entry = this.#entries.get(id);
    if (!entry?.keys.delete(key) || entry.keys.size > 0) return;
    this.#entries.delete(id);
    this.#remove(entry);
  }

  #remove({ byName, byKind }: UnifiedEntry): void {
    this.#orders.byName.delete(byName);
    this.#orders.byKind.delete(byKind);
  }
}

/** Heartbeats of the same name from several hosts are one entry; their store keys end in the name. */
const entryId = (kind: UnifiedKind, key: string): string => `${key.slice(key.indexOf('/') + 1)}/${kind}`;

/** Entries by sort key. */
class Order {
  readonly #entries = new Map<string, UnifiedEntry>();
  #sorted: readonly string[] | undefined;

  get(key: string): UnifiedEntry | undefined {
    return this.#entries.get(key);
  }

  set(key: string, entry: UnifiedEntry): void {
    if (!this.#entries.has(key)) this.#sorted = undefined;
    this.#entries.set(key, entry);
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#sorted = undefined;
  }

  *from(start: string, isDescending: boolean): Iterable<string> {
    this.#sorted ??= [...this.#entries.keys()].sort();
    const keys = this.#sorted;
    const first = start === '' ? 0 : lowerBound(keys, start);
    if (!isDescending) {
      for (let i = first; i < keys.length; i++) yield keys[i] as string;
      return;
    }
    const last = start === '' ? keys.length - 1 : keys[first] === start ? first : first - 1;
    for (let i = last; i >= 0; i--) yield keys[i] as string;
  }
}
