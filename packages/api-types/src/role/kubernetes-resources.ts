import { badParameter } from '../bad-parameter.ts';
import type { KubernetesResource, RequestKubernetesResource } from '../gen/teleport/types/role.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** The kinds of roles up to v7, in the order in which refusals list them. */
const KINDS = words(
  'pod secret configmap namespace service serviceaccount kube_node persistentvolume persistentvolumeclaim deployment ' +
    'replicaset statefulset daemonset clusterrole kube_role clusterrolebinding rolebinding cronjob job ' +
    'certificatesigningrequest ingress',
);
const CLUSTER_WIDE = new Set(
  words('namespace kube_node persistentvolume clusterrole clusterrolebinding certificatesigningrequest'),
);
/** The API groups of those kinds, the core group aside. */
const GROUPS = new Map<string, string>([
  ...words('deployment replicaset statefulset daemonset').map((kind) => [kind, 'apps'] as const),
  ...words('clusterrole kube_role clusterrolebinding rolebinding').map(
    (kind) => [kind, 'rbac.authorization.k8s.io'] as const,
  ),
  ...words('cronjob job').map((kind) => [kind, 'batch'] as const),
  ['certificatesigningrequest', 'certificates.k8s.io'],
  ['ingress', 'networking.k8s.io'],
]);
const VERBS = words('* get create update patch delete list watch deletecollection exec portforward');
/** The resources of the core API group, by which roles of v8 name them. */
const CORE = new Set(
  words(
    'bindings componentstatuses configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims ' +
      'persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets serviceaccounts services',
  ),
);
/** Those that live in a namespace; `group/kind` outside the core group. */
const NAMESPACED = new Set(
  words(`
    bindings configmaps endpoints events limitranges persistentvolumeclaims pods podtemplates replicationcontrollers
    resourcequotas secrets serviceaccounts services apps/controllerrevisions apps/daemonsets apps/deployments
    apps/replicasets apps/statefulsets batch/cronjobs batch/jobs storage.k8s.io/csistoragecapacities
    discovery.k8s.io/endpointslices events.k8s.io/events autoscaling/horizontalpodautoscalers
    networking.k8s.io/ingresses networking.k8s.io/networkpolicies coordination.k8s.io/leases
    authorization.k8s.io/localsubjectaccessreviews policy/poddisruptionbudgets
    rbac.authorization.k8s.io/rolebindings rbac.authorization.k8s.io/roles
  `),
);
const PODS_ONLY = new Set(['v3', 'v4', 'v5', 'v6']);

const quoted = (text: string): string => JSON.stringify(text);
const listed = (items: readonly string[]): string => `[${items.join(' ')}]`;

/**
 * What a role of a version may say of Kubernetes resources.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkKubernetesResources(version: string, resources: readonly KubernetesResource[]): void {
  for (const resource of resources) {
    checkVerbs(resource);
    if (PODS_ONLY.has(version)) checkPodsOnly(version, resource);
    if (version === 'v8') checkByPlural(version, resource);
    else checkByKind(version, resource);
    if (resource.Name === '') throw badParameter('KubernetesResource must include Name');
  }
}

function checkVerbs({ Verbs }: KubernetesResource): void {
  for (const verb of Verbs) {
    if (!VERBS.includes(verb) && !verb.includes('{{')) {
      throw badParameter(
        `KubernetesResource verb ${quoted(verb)} is invalid or unsupported; Supported: ${listed(VERBS)}`,
      );
    }
    if (verb === '*' && Verbs.length > 1) {
      throw badParameter('KubernetesResource verb "*" cannot be used with other verbs');
    }
  }
}

function checkPodsOnly(version: string, { Kind, Verbs }: KubernetesResource): void {
  if (Kind !== 'pod') {
    throw badParameter(
      `KubernetesResource kind ${quoted(Kind)} is not supported in role version ${quoted(version)}. ` +
        'Upgrade the role version to "v8"',
    );
  }
  if (Verbs.length !== 1 || Verbs[0] !== '*') {
    throw badParameter(`Role version ${quoted(version)} only supports "*" verb. Upgrade the role version to "v8"`);
  }
}

function checkByKind(version: string, { Kind, Namespace, APIGroup }: KubernetesResource): void {
  if (APIGroup !== '') {
    throw badParameter(
      `API Group ${quoted(APIGroup)} is not supported in role version ${quoted(version)}. ` +
        'Upgrade the role version to "v8"',
    );
  }
  if (Kind !== '*' && !KINDS.includes(Kind)) {
    throw badParameter(
      `KubernetesResource kind ${quoted(Kind)} is invalid or unsupported; Supported: ${listed(['*', ...KINDS])}`,
    );
  }
  if (Namespace === '' && !CLUSTER_WIDE.has(Kind)) {
    throw badParameter(`KubernetesResource kind ${quoted(Kind)} must include Namespace`);
  }
}

function checkByPlural(version: string, { Kind, Namespace, APIGroup }: KubernetesResource): void {
  if (Kind === '') {
    throw badParameter(`KubernetesResource kind "" is required in role version ${quoted(version)}`);
  }
  if (KINDS.includes(Kind) && (APIGroup === '*' || APIGroup === (GROUPS.get(Kind) ?? ''))) {
    throw badParameter(
      `KubernetesResource kind ${quoted(Kind)} is invalid. Please use plural name for role version ${quoted(version)}`,
    );
  }
  if (APIGroup === '' && !CORE.has(Kind)) {
    throw badParameter(
      `KubernetesResource api_group is required for resource ${quoted(Kind)} in role version ${quoted(version)}`,
    );
  }
  if (Namespace === '' && NAMESPACED.has(APIGroup === '' ? Kind : `${APIGroup}/${Kind}`)) {
    throw badParameter(`KubernetesResource ${quoted(Kind)} must include Namespace`);
  }
}

/**
 * The kinds that access requests may be narrowed to.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkRequestedKinds(version: string, resources: readonly RequestKubernetesResource[]): void {
  for (const { kind } of resources) {
    if (kind !== '*' && !KINDS.includes(kind)) {
      throw badParameter(
        `request.kubernetes_resource kind ${quoted(kind)} is invalid or unsupported; ` +
          `Supported: ${listed(['*', ...KINDS])}`,
      );
    }
    if (PODS_ONLY.has(version) && kind !== 'pod') {
      throw badParameter(
        `request.kubernetes_resources kind ${quoted(kind)} is not supported in role version ${quoted(version)}. ` +
          'Upgrade the role version to "v8"',
      );
    }
  }
}
