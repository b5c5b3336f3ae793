import type { ResourceID } from '../gen/teleport/types/access_request.ts';
import { TeleportError } from '../teleport-error.ts';

/** One resource of one cluster, as access requests name it. */
export interface ResourceId {
  readonly cluster: string;
  /** `node`, `app`, `db`, `kube_cluster`, `pod`, … */
  readonly kind: string;
  readonly name: string;
  /** What of it, `namespace/pod` of a Kubernetes cluster. */
  readonly subResource?: string;
}

/** The id of a message. */
export function resourceIdOf({ ClusterName, Kind, Name, SubResourceName }: ResourceID): ResourceId {
  return {
    cluster: ClusterName,
    kind: Kind,
    name: Name,
    ...(SubResourceName !== '' && { subResource: SubResourceName }),
  };
}

/** The message of an id. */
export function resourceIdMessage({ cluster, kind, name, subResource = '' }: ResourceId): ResourceID {
  return { ClusterName: cluster, Kind: kind, Name: name, SubResourceName: subResource };
}

/** The text of an id, `/root.example.com/app/grafana`, as `tsh` and `tctl` take it. */
export function formatResourceId({ cluster, kind, name, subResource }: ResourceId): string {
  return `/${[cluster, kind, name, ...(subResource ? [subResource] : [])].join('/')}`;
}

/** Kinds of things in a Kubernetes cluster, and how many parts name one: with its namespace two. */
const KUBERNETES_KINDS: ReadonlyMap<string, 1 | 2> = new Map([
  ...'namespace kube_node persistentvolume clusterrole clusterrolebinding certificatesigningrequest'
    .split(' ')
    .map((kind) => [kind, 1] as const),
  ...(
    'pod secret configmap service serviceaccount persistentvolumeclaim deployment replicaset statefulset daemonset ' +
    'kube_role rolebinding cronjob job ingress'
  )
    .split(' ')
    .map((kind) => [kind, 2] as const),
]);

/**
 * Reads `/cluster/kind/name` and, for what lives in a Kubernetes cluster, `/cluster/kind/name/namespace/pod`. A slash may
 * stand in a name.
 *
 * @throws TeleportError `bad_parameter`
 */
export function parseResourceId(text: string): ResourceId {
  const [, cluster, kind, rest] = /^\/([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (cluster === undefined || kind === undefined || rest === undefined) {
    throw new TeleportError('bad_parameter', `${JSON.stringify(text)} is no resource id`, {
      hint: 'ids look like /cluster/kind/name, for example /root.example.com/app/grafana',
    });
  }
  const parts = rest.split('/');
  const own = KUBERNETES_KINDS.get(kind) ?? 0;
  if (own === 0) return { cluster, kind, name: rest };
  if (parts.length <= own) {
    throw new TeleportError('bad_parameter', `${JSON.stringify(text)} does not say which ${kind}`, {
      hint: own === 1 ? `${kind} ids end in /cluster/name` : `${kind} ids end in /cluster/namespace/name`,
    });
  }
  return { cluster, kind, name: parts.slice(0, -own).join('/'), subResource: parts.slice(-own).join('/') };
}
