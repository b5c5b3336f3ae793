import type { AppV3 } from '@teleport-ts/api-types/proto/teleport/types/app';
import type { DatabaseV3 } from '@teleport-ts/api-types/proto/teleport/types/database';
import type { KubernetesClusterV3 } from '@teleport-ts/api-types/proto/teleport/types/kubernetes';
import type { RoleConditions } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { accessDenied } from '../errors.ts';

/** What roles grant access to by labels. */
export type UsableKind = 'app' | 'db' | 'kube_cluster' | 'node';
/** The same and leaves, which are passed through rather than used. */
export type LabelledKind = UsableKind | 'remote_cluster';

export interface Usable {
  readonly kind: LabelledKind;
  /** Those that commands found included. */
  readonly labels: ReadonlyMap<string, string>;
}

type LabelField = 'AppLabels' | 'ClusterLabels' | 'DatabaseLabels' | 'KubernetesLabels' | 'NodeLabels';

/** The field of a role's conditions that speaks of a kind. */
export const LABEL_FIELDS: Readonly<Record<LabelledKind, LabelField>> = {
  app: 'AppLabels',
  db: 'DatabaseLabels',
  kube_cluster: 'KubernetesLabels',
  node: 'NodeLabels',
  remote_cluster: 'ClusterLabels',
};

const EXPRESSION_FIELDS = {
  app: 'AppLabelsExpression',
  db: 'DatabaseLabelsExpression',
  kube_cluster: 'KubernetesLabelsExpression',
  node: 'NodeLabelsExpression',
  remote_cluster: 'ClusterLabelsExpression',
} as const;

export const labelExpressionOf = (conditions: RoleConditions | undefined, kind: LabelledKind): string =>
  conditions?.[EXPRESSION_FIELDS[kind]] ?? '';

export const usableApp = (app: AppV3): Usable => usable('app', app, app.Spec?.DynamicLabels);
export const usableDatabase = (database: DatabaseV3): Usable => usable('db', database, database.Spec?.DynamicLabels);
export const usableKubernetesCluster = (cluster: KubernetesClusterV3): Usable =>
  usable('kube_cluster', cluster, cluster.Spec?.DynamicLabels);
export const usableNode = (node: ServerV2): Usable => usable('node', node, node.Spec?.CmdLabels);

function usable(
  kind: UsableKind,
  { Metadata }: { readonly Metadata: { readonly Labels: Map<string, string> } | undefined },
  commands: ReadonlyMap<string, { readonly Result: string }> | undefined,
): Usable {
  const fixed = Metadata?.Labels ?? new Map<string, string>();
  if (!commands || commands.size === 0) return { kind, labels: fixed };
  const labels = new Map(fixed);
  for (const [key, { Result }] of commands) labels.set(key, Result);
  return { kind, labels };
}

const CONFIRM: Readonly<Record<UsableKind, string>> = {
  app: '',
  db: 'Confirm database user and name.',
  kube_cluster: 'Confirm Kubernetes user or group.',
  node: 'Confirm SSH login.',
};

/** The refusal of somebody whose roles do not let it use a resource. */
export const notUsable = (kind: UsableKind): Error =>
  accessDenied(`access to ${kind} denied. User does not have permissions. ${CONFIRM[kind]}`);
