import type { Metadata } from '@grpc/grpc-js';
import { compareVersions, parseVersion, type Version } from '@teleport-ts/api-types';
import type { KubernetesResource, RoleOptions, RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import { labelValues } from '../resources.ts';

const DOWNGRADED = 'teleport.internal/downgraded';
const KNOWS_V8 = '18.0.0';
const KNOWS_PORT_FORWARDING = '17.1.0';

/**
 * A role as a client of some version understands it: roles of version 8 are written down as version 7 for clients that
 * are older than 18, what they allow beyond that is denied. A client that says no version is a program of somebody's own,
 * and gets the role as it is.
 */
export function roleForClient(role: RoleV6, metadata: Metadata): RoleV6 {
  const [given] = metadata.get('version');
  const version = given === undefined ? undefined : parseVersion(given.toString());
  if (!version) return role;
  return withoutV8(withoutPortForwarding(role, version, String(given)), version);
}

/** Whatever is behind the numbers makes no version older. */
function isOlder({ major, minor, patch }: Version, than: string): boolean {
  const plain = parseVersion(`${major}.${minor}.${patch}`) as Version;
  return compareVersions(plain, parseVersion(than) as Version) < 0;
}

function withoutPortForwarding(role: RoleV6, version: Version, given: string): RoleV6 {
  const options = role.Spec?.Options;
  const forwarding = options?.SSHPortForwarding;
  if (!options || (!forwarding?.Local && !forwarding?.Remote)) return role;
  if (!isOlder(version, KNOWS_PORT_FORWARDING)) return role;
  const isDenied = [forwarding.Local, forwarding.Remote].some((side) => side?.Enabled?.Value === false);
  const reason =
    `Client version ${JSON.stringify(given)} does not support granular SSH port forwarding. ` +
    `Role ${JSON.stringify(role.Metadata?.Name)} will be downgraded to simple port forwarding rules instead. ` +
    'In order to support granular SSH port forwarding, all clients must be updated to version ' +
    `${JSON.stringify(KNOWS_PORT_FORWARDING)} or higher.`;
  return downgraded(role, reason, { ...options, PortForwarding: { Value: !isDenied } });
}

function withoutV8(role: RoleV6, version: Version): RoleV6 {
  const { Spec } = role;
  if (role.Version !== 'v8' || !Spec?.Options || !isOlder(version, KNOWS_V8)) return role;
  const reason =
    `Role V8 is only supported from the client version "${KNOWS_V8}-aa" and above.` +
    'Access to SAML IdP will be disabled.';
  const options = { ...Spec.Options, IDP: { SAML: { Enabled: { Value: false } } } };
  const result = { ...downgraded(role, reason, options), Version: 'v7' };
  const { Allow, Deny } = Spec;
  const allow = Allow && { ...Allow, KubernetesResources: asV7(Allow.KubernetesResources) ?? [] };
  const isKnown = Allow && asV7(Allow.KubernetesResources) !== undefined;
  const denied = Deny && asV7(Deny.KubernetesResources);
  if (isKnown && denied) {
    return {
      ...result,
      Spec: { ...Spec, Options: options, Allow: allow, Deny: { ...Deny, KubernetesResources: denied } },
    };
  }
  // What a denial of version 8 is about is not known there either: nothing is allowed any more.
  const everything = { Kind: '*', Namespace: '*', Name: '*', Verbs: ['*'], APIGroup: '' };
  const deny = Deny && {
    ...Deny,
    KubernetesLabels: labelValues({ '*': '*' }),
    KubernetesResources: isKnown ? [] : [everything],
  };
  return {
    ...result,
    Spec: { ...Spec, Options: options, Allow: allow && { ...allow, KubernetesResources: [] }, Deny: deny },
  };
}

function downgraded(role: RoleV6, reason: string, Options: RoleOptions): RoleV6 {
  const { Metadata, Spec } = role;
  return {
    ...role,
    Metadata: Metadata && { ...Metadata, Labels: new Map(Metadata.Labels).set(DOWNGRADED, reason) },
    Spec: Spec && { ...Spec, Options },
  };
}

/** The same resources in the words of version 7; undefined when it has none for one of them. */
function asV7(resources: readonly KubernetesResource[]): KubernetesResource[] | undefined {
  const result: KubernetesResource[] = [];
  for (const resource of resources) {
    const APIGroup = resource.APIGroup === '*' ? '' : resource.APIGroup;
    const isEverything = resource.Kind === '*' && resource.Namespace === '*' && APIGroup === '';
    const Kind = isEverything ? '*' : V7_KINDS.get(`${APIGroup}/${resource.Kind}`);
    if (Kind === undefined) return undefined;
    result.push({ ...resource, Kind, APIGroup: '' });
  }
  return result;
}

const GROUPS: Readonly<Record<string, string>> = {
  '': 'pods secrets configmaps services endpoints:service serviceaccounts nodes:kube_node persistentvolumes persistentvolumeclaims replicationcontrollers',
  apps: 'deployments replicasets statefulsets daemonsets',
  'rbac.authorization.k8s.io': 'clusterroles roles:kube_role clusterrolebindings rolebindings',
  batch: 'cronjobs jobs',
  'certificates.k8s.io': 'certificatesigningrequests',
  'networking.k8s.io': 'ingresses:ingress',
  extensions: 'deployments replicasets daemonsets ingresses:ingress',
};

/** By group and plural, and by the plural alone: what version 7 calls it. */
const V7_KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries(GROUPS).flatMap(([group, names]) =>
    names.split(' ').flatMap((entry): [string, string][] => {
      const [plural = '', kind = plural.replace(/s$/, '')] = entry.split(':');
      return [
        [`${group}/${plural}`, kind],
        [`/${plural}`, kind],
      ];
    }),
  ),
);
