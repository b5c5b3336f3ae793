import { fromDurationMessage } from '@teleport-ts/api-types';
import type { DescribeResponse } from '../gen/tbot/credentials/v1/credentials.ts';

/** What a caller may ask for on a socket. */
export interface AgentDescription {
  /** The roles that may be asked for, and that are the default. */
  readonly roles: readonly string[];
  /** `application`, … */
  readonly kinds: readonly string[];
  /** The clusters that may be named. */
  readonly clusters: readonly string[];
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
  readonly minTtlMs: number;
  /** Path of the socket as the agent's configuration has it. */
  readonly socket: string;
  /** How the agent sees this caller; a number is absent where the kernel does not tell it. */
  readonly peer: { readonly uid?: number; readonly gid?: number; readonly pid?: number };
  readonly agentVersion: string;
  /** `host:port` of the proxy's web address; empty when the agent knows none. */
  readonly proxyAddress: string;
  /** The bot's own cluster. */
  readonly cluster: string;
  /**
   * Patterns of the names that may be asked for, by kind; of a kind that is not there, all. `matchesPattern` tells whether
   * a name is among them.
   */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

export function descriptionFromMessage(message: DescribeResponse): AgentDescription {
  const { defaultTtl, maxTtl, minTtl, peer, roles, kinds, clusters, socket, agentVersion, proxyAddress, cluster } =
    message;
  return {
    roles,
    kinds,
    clusters,
    defaultTtlMs: fromDurationMessage(defaultTtl) ?? 0,
    maxTtlMs: fromDurationMessage(maxTtl) ?? 0,
    minTtlMs: fromDurationMessage(minTtl) ?? 0,
    socket,
    peer: {
      ...known('uid', peer?.uid),
      ...known('gid', peer?.gid),
      ...known('pid', peer?.pid),
    },
    agentVersion,
    proxyAddress,
    cluster,
    names: new Map(message.names.map(({ kind, patterns }) => [kind, patterns])),
  };
}

function known<Name extends string>(name: Name, value: bigint | undefined): { readonly [key in Name]?: number } {
  return (value === undefined || value < 0n ? {} : { [name]: Number(value) }) as { [key in Name]?: number };
}
