import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { ServerSpecV2, ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/node';
import { noRotation } from '@teleport-ts/api-types/resources/rotation';
import { badParameter } from '../errors.ts';
import { metadataOf } from '../resources.ts';

export interface NodeFields {
  /** What people call it; it need not be the only one of this name. */
  readonly hostname: string;
  /** Its id. Default: a new one. */
  readonly id?: string;
  /** Where its SSH server listens, `host:port`; the proxy connects to it there. Default: nowhere, it is only listed. */
  readonly addr?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const HOSTNAME = /^[a-zA-Z0-9]([.-]?[a-zA-Z0-9]+)*$/;

/** @throws TeleportError `bad_parameter` when the host name is none */
export function nodeServer(
  { hostname, id = randomUUID(), addr = '', labels = {} }: NodeFields,
  version: string,
): ServerV2 {
  if (!isHostname(hostname)) throw badParameter(`host name ${JSON.stringify(hostname)} of a node is no host name`);
  return ServerV2.fromPartial({
    Kind: 'node',
    Version: 'v2',
    Metadata: metadataOf({ name: id, labels }),
    Spec: { Addr: addr, Hostname: hostname, Rotation: noRotation(), Version: version },
  });
}

/**
 * A node that somebody sends, as it is stored. One that does not know its address gets that which it called from, one
 * without a proper host name its id.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkNode(node: ServerV2, remoteAddress: string): ServerV2 {
  const given = node.Spec ?? ServerSpecV2.create();
  const name = node.Metadata?.Name ?? '';
  const hasHostname = isHostname(given.Hostname);
  const Spec = {
    ...given,
    Addr: withoutLocalhost(given.Addr, remoteAddress),
    Hostname: hasHostname ? given.Hostname : name,
  };
  const checked = checkAndSetDefaults({ ...node, Kind: 'node', Spec });
  if (hasHostname || !checked.Metadata) return checked;
  const Labels = new Map(checked.Metadata.Labels).set('teleport.internal/invalid-hostname', given.Hostname);
  return { ...checked, Metadata: { ...checked.Metadata, Labels } };
}

const isHostname = (name: string): boolean => name.length <= 256 && HOSTNAME.test(name);

function withoutLocalhost(addr: string, remoteAddress: string): string {
  const [, host, port] = /^(.*):(\w*)$/.exec(addr) ?? [];
  if (host === undefined) return addr;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const isLocal = bare === 'localhost' || /^127\.|^0\.0\.0\.0$|^::1?$/.test(bare);
  if (!isLocal) return addr;
  const caller = remoteAddress.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(caller) === 6 ? `[${caller}]:${port}` : `${caller}:${port}`;
}
