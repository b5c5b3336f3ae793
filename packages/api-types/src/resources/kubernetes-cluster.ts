import { badParameter } from '../bad-parameter.ts';
import {
  KubernetesClusterSpecV3,
  KubernetesClusterV3,
  type KubernetesServerV3,
} from '../gen/teleport/types/kubernetes.ts';
import { allLabels } from './labels.ts';
import { checkLabelKeys, checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';
import { type ServerView, serverView } from './server.ts';

/** A Kubernetes cluster behind a Kubernetes service. */
export interface KubernetesCluster extends ResourceView<KubernetesClusterV3> {
  /** Static labels, and those that a command of its service finds. */
  readonly allLabels: Readonly<Record<string, string>>;
  /** Where it runs, if in a cloud that its service knows. */
  readonly cloud: 'AWS' | 'Azure' | 'GCP' | undefined;
}

/** A Kubernetes service that serves a cluster. */
export interface KubernetesServer extends ServerView<KubernetesServerV3> {
  readonly cluster: KubernetesCluster;
}

/** What {@link newKubernetesCluster} makes a cluster of. */
export interface KubernetesClusterFields extends ResourceFields<KubernetesClusterV3> {
  /** How the service reaches it: the YAML of a kubeconfig. A secret. */
  readonly kubeconfig?: string;
}

/** A Kubernetes cluster as its message says it. */
export function kubernetesClusterView(message: KubernetesClusterV3): KubernetesCluster {
  const view = resourceView(message);
  const provider = (['AWS', 'Azure', 'GCP'] as const).find((name) => isSet(message.Spec?.[name]));
  return {
    ...view,
    allLabels: allLabels(view.labels, message.Spec?.DynamicLabels),
    cloud: provider,
  };
}

/** A Kubernetes service as its heartbeat says it. */
export function kubernetesServerView(message: KubernetesServerV3): KubernetesServer {
  return {
    ...serverView(message),
    cluster: kubernetesClusterView(message.Spec?.Cluster ?? KubernetesClusterV3.create()),
  };
}

/**
 * A Kubernetes cluster resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 */
export function newKubernetesCluster(fields: KubernetesClusterFields): KubernetesClusterV3 {
  const before = fields.raw ?? KubernetesClusterV3.create();
  const spec = before.Spec ?? KubernetesClusterSpecV3.create();
  const { kubeconfig } = fields;
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom(fields),
    Spec: { ...spec, Kubeconfig: kubeconfig === undefined ? spec.Kubeconfig : Buffer.from(kubeconfig) },
  });
}

const NAME = /^[a-zA-Z0-9._-]+$/;

/**
 * What holds for any Kubernetes cluster, whichever Teleport cluster it is for, with the defaults that the basic part of
 * one fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(cluster: KubernetesClusterV3): KubernetesClusterV3 {
  const Metadata = checkMetadata(cluster.Metadata);
  const name = JSON.stringify(Metadata.Name);
  checkLabelKeys(cluster.Spec?.DynamicLabels, `kubernetes cluster ${name}`);
  if (!NAME.test(Metadata.Name)) {
    throw badParameter(
      `invalid kubernetes cluster name\n\t${name} does not match regex used for validation "${NAME.source}"`,
    );
  }
  const { AWS = {}, Azure = {}, GCP = {}, ...spec } = cluster.Spec ?? {};
  checkCloud('Azure', Azure, ['ResourceGroup', 'ResourceName', 'SubscriptionID']);
  checkCloud('AWS', AWS, ['Region', 'Name', 'AccountID']);
  checkCloud('GCP', GCP, ['Location', 'ProjectID', 'Name']);
  // A cluster writes what clouds say of it, be it nothing.
  return KubernetesClusterV3.fromPartial({
    ...cluster,
    Kind: 'kube_cluster',
    Version: 'v3',
    Metadata,
    Spec: { ...spec, AWS, Azure, GCP },
  });
}

function checkCloud(provider: string, cloud: object, needed: readonly string[]): void {
  if (!isSet(cloud)) return;
  const missing = needed.find((field) => !(cloud as Record<string, unknown>)[field]);
  if (missing !== undefined) throw badParameter(`invalid ${provider} ${missing}`);
}

const isSet = (cloud: object | undefined): boolean =>
  Object.values(cloud ?? {}).some((value) => typeof value === 'string' && value !== '');
