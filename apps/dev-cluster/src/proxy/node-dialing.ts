import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';
import type { ServerV2 } from '@teleport-ts/api-types/proto/teleport/types/server';
import type { ClusterContext } from '../cluster-context.ts';
import { badParameter, notFound } from '../errors.ts';
import { nameOf } from '../resources.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** Whom a client wants to be connected with. */
export interface NodeTarget {
  /** Host name, id or IP address of a node, and a port: its own, or 0 for whatever it is. */
  readonly hostPort: string;
  readonly cluster: string;
}

/**
 * A connection to a node of this cluster or of a leaf. Whether somebody may log in there is for the node to say.
 *
 * @throws TeleportError with the codes and texts of the real proxy
 */
export async function dialNode({ state, leaf }: ClusterContext, { hostPort, cluster }: NodeTarget): Promise<Socket> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(hostPort) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || port === undefined) throw badParameter('dial target contains an invalid hostport');
  const nodes = cluster === state.name ? state.nodes : leaf(cluster)?.context.state.nodes;
  if (!nodes) throw notFound(failed(`looking up remote cluster ${JSON.stringify(cluster)}\n\t\tnot found`));
  if (host === '') throw new Error(failed('cannot route to empty target host'));
  const found = nodes.values().filter((node) => answersTo(node, host, port));
  if (found.length > 1) throw notFound('ambiguous host could match multiple nodes');
  const [node] = found;
  if (!node) throw unavailable('direct dialing to nodes not found in inventory is not supported');
  const address = readAddress(node.Spec?.Addr ?? '');
  if (!address) throw unavailable(`node ${nameOf(node)} has no address`);
  const socket = connect({ ...address, noDelay: true, timeout: CONNECT_TIMEOUT_MS });
  socket.once('timeout', () => socket.destroy(new Error('i/o timeout')));
  try {
    await once(socket, 'connect');
  } catch (error) {
    socket.destroy();
    throw unavailable(`dial tcp ${node.Spec?.Addr}: ${(error as Error).message}`);
  }
  socket.setTimeout(0);
  return socket;
}

function answersTo(node: ServerV2, host: string, port: string): boolean {
  const address = readAddress(node.Spec?.Addr ?? '');
  const isNamed = node.Spec?.Hostname === host || nameOf(node) === host || (isIP(host) > 0 && address?.host === host);
  return isNamed && (port === '0' || port === '' || Number(port) === address?.port);
}

function readAddress(text: string): { host: string; port: number } | undefined {
  const [, host, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return host === undefined ? undefined : { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

const failed = (reason: string): string => `failed to dial target host\n\t${reason}`;
const unavailable = (reason: string): TeleportError => new TeleportError('connection_problem', failed(reason));
