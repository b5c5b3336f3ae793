import { badParameter } from '../bad-parameter.ts';
import { ServerSpecV2, ServerV2 } from '../gen/teleport/types/server.ts';
import { allLabels } from './labels.ts';
import { checkLabelKeys, checkMetadata } from './metadata.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';
import { noRotation } from './rotation.ts';

/** A server that people reach by SSH. Its name is an id; people know it by its host name. */
export interface Node extends ResourceView<ServerV2> {
  readonly hostname: string;
  /** `host:port`; empty for a node that is reached by its tunnel. */
  readonly address: string;
  /** Reached through the proxy, not by its address. */
  readonly useTunnel: boolean;
  /** Static labels, and those that a command of the node finds. */
  readonly allLabels: Readonly<Record<string, string>>;
  /** The Teleport that it runs, `18.0.0`. */
  readonly teleportVersion: string;
  /** Addresses by which it may be dialed from outside. */
  readonly publicAddresses: readonly string[];
  /** Ids of the proxies that its tunnel ends at. */
  readonly proxyIds: readonly string[];
}

/** What {@link newNode} makes a node of. */
export interface NodeFields extends ResourceFields<ServerV2> {
  readonly hostname?: string;
  readonly address?: string;
  /** `teleport` (default), or `openssh` for a server without Teleport. */
  readonly subKind?: string;
  readonly publicAddresses?: readonly string[];
}

/** A node as its message says it. */
export function nodeView(message: ServerV2): Node {
  const view = resourceView(message);
  const spec = message.Spec;
  return {
    ...view,
    hostname: spec?.Hostname ?? '',
    address: spec?.Addr ?? '',
    useTunnel: spec?.UseTunnel ?? false,
    allLabels: allLabels(view.labels, spec?.CmdLabels),
    teleportVersion: spec?.Version ?? '',
    publicAddresses: spec?.publicAddrs ?? [],
    proxyIds: spec?.ProxyIDs ?? [],
  };
}

/**
 * A node resource, checked and with its defaults.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newNode({ name: randomUUID(), subKind: 'openssh', hostname: 'db1', address: '10.0.0.7:22' });
 */
export function newNode(fields: NodeFields): ServerV2 {
  const before = fields.raw ?? ServerV2.create();
  const spec = before.Spec ?? ServerSpecV2.create();
  return checkAndSetDefaults({
    ...before,
    Kind: before.Kind || 'node',
    SubKind: fields.subKind ?? before.SubKind,
    Metadata: metadataFrom(fields),
    Spec: {
      ...spec,
      Hostname: fields.hostname ?? spec.Hostname,
      Addr: fields.address ?? spec.Addr,
      publicAddrs: fields.publicAddresses ? [...fields.publicAddresses] : spec.publicAddrs,
    },
  });
}

const OPEN_SSH = new Set(['openssh', 'openssh-ec2-ice']);

/**
 * What holds for any node, whichever cluster it is for, with the defaults that the basic part of a cluster fills in.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(node: ServerV2): ServerV2 {
  const Metadata = checkMetadata(node.Metadata);
  const spec = node.Spec ?? ServerSpecV2.create();
  const { Kind, SubKind } = node;
  if (Kind === '') throw badParameter('server Kind is empty');
  if (Kind === 'node') {
    if (!['', 'teleport', ...OPEN_SSH].includes(SubKind)) {
      throw badParameter(`invalid SubKind ${JSON.stringify(SubKind)} of Kind "node"`);
    }
    if (OPEN_SSH.has(SubKind)) checkOpenSsh(SubKind, spec);
  } else if (SubKind !== '' && Kind !== 'git_server') {
    throw badParameter('server SubKind must only be set when Kind is "node" or "git_server"');
  }
  checkLabelKeys(spec.CmdLabels);
  return {
    ...node,
    Version: 'v2',
    Metadata,
    Spec: { ...spec, Rotation: spec.Rotation ?? noRotation() },
  };
}

/** The servers without Teleport on them are dialed as they are written down. */
function checkOpenSsh(subKind: string, spec: ServerSpecV2): void {
  const of = `when server SubKind is ${JSON.stringify(subKind)}`;
  if (spec.Addr === '') throw badParameter(`addr must be set ${of}`);
  if (spec.publicAddrs.length > 0) throw badParameter(`publicAddrs must not be set ${of}`);
  if (spec.Hostname === '') throw badParameter(`hostname must be set ${of}`);
  if (!/^(\[.*\]|[^:]*):\w*$/.test(spec.Addr)) {
    throw badParameter(`invalid Addr ${JSON.stringify(spec.Addr)}: address ${spec.Addr}: missing port in address`);
  }
  if (subKind !== 'openssh-ec2-ice') return;
  const aws = spec.CloudMetadata?.AWS;
  const missing = (what: string): Error =>
    badParameter(`missing ${what} (required for ${JSON.stringify(subKind)} SubKind)`);
  if (!aws) throw missing('AWS CloudMetadata');
  if (aws.AccountID === '') throw missing('AWS Account ID');
  if (aws.Region === '') throw missing('AWS Region');
  if (aws.Integration === '') throw missing('AWS OIDC Integration');
  if (aws.InstanceID === '') throw missing('AWS InstanceID');
  if (aws.VPCID === '') throw missing('AWS VPC ID');
  if (aws.SubnetID === '') throw missing('AWS Subnet ID');
}
