import type { ClusterContext, LeafDoor } from '../cluster-context.ts';
import type { DevCluster } from '../dev-cluster.ts';
import { notFound } from '../errors.ts';
import type { Gate } from '../gate.ts';
import { followAuthorities, KNOWN_OF_LEAVES, KNOWN_OF_ROOTS } from './foreign-authorities.ts';
import { putRemoteCluster } from './remote-cluster.ts';

/** The leaf's roles by the root's role that they are given for; globs, expressions and `$1` as in role maps. */
export type RoleMap = Readonly<Record<string, readonly string[]>>;

interface Leaf {
  readonly cluster: DevCluster;
  readonly door: () => LeafDoor | undefined;
  readonly forget: () => void;
}

/** The leaves of a cluster that run in this process, as clusters of their own. */
export class LeafClusters {
  readonly #root: ClusterContext;
  readonly #leaves = new Map<string, Leaf>();

  constructor(root: ClusterContext) {
    this.#root = root;
  }

  /** Makes root and leaf trust each other, and the root notice when the leaf cannot be reached. */
  async add(
    cluster: DevCluster,
    { context, gate, door }: { context: ClusterContext; gate: Gate; door: () => LeafDoor | undefined },
    roleMap: RoleMap,
  ): Promise<void> {
    const root = this.#root;
    const { name } = cluster;
    const mapping = Object.entries(roleMap).map(([Remote, Local]) => ({ Remote, Local: [...Local] }));
    const ends = [
      await followAuthorities(root, context, KNOWN_OF_LEAVES),
      await followAuthorities(context, root, KNOWN_OF_ROOTS, mapping),
      gate.subscribe((isOpen) => {
        if (root.state.remoteClusters.has(name)) putRemoteCluster(root, name, isOpen);
      }),
    ];
    putRemoteCluster(root, name, true);
    const forget = (): void => {
      for (const end of ends) end();
    };
    this.#leaves.set(name, { cluster, door, forget });
  }

  /** A leaf that was here when the state was written is not here any more until it is started again. */
  expectNone(): void {
    for (const { Metadata, Status } of this.#root.state.remoteClusters.values()) {
      if (Metadata && Status?.Connection !== 'offline') putRemoteCluster(this.#root, Metadata.Name, false);
    }
  }

  /** @throws TeleportError `not_found` */
  get(name: string): DevCluster {
    const leaf = this.#leaves.get(name);
    if (leaf) return leaf.cluster;
    const known = [...this.#leaves.keys()].join(', ') || 'none';
    throw notFound(`there is no leaf ${JSON.stringify(name)}; leaves: ${known}`);
  }

  /** The way to a leaf that is trusted and can be reached. */
  door(name: string): LeafDoor | undefined {
    return this.#root.state.remoteClusters.has(name) ? this.#leaves.get(name)?.door() : undefined;
  }

  async stop(): Promise<void> {
    for (const { forget } of this.#leaves.values()) forget();
    await Promise.all([...this.#leaves.values()].map(({ cluster }) => cluster.stop()));
  }
}
