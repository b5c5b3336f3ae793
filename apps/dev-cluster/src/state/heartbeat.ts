import type { Rotation } from '@teleport-ts/api-types/proto/teleport/types/rotation';
import { checkMetadata } from '@teleport-ts/api-types/resources/metadata';
import { noRotation } from '@teleport-ts/api-types/resources/rotation';
import { badParameter } from '../errors.ts';
import type { Resource } from '../resources.ts';
import type { ClusterFacts } from './cluster-state.ts';

/** Who serves what this cluster itself serves: the host that its auth service and its proxy are on. */
export function servedHere(
  { hostId }: ClusterFacts,
  version: string,
): { Version: string; Hostname: string; HostID: string; Rotation: Rotation; ProxyIDs: string[] } {
  return {
    Version: version,
    Hostname: 'dev-cluster',
    HostID: hostId,
    Rotation: noRotation(),
    ProxyIDs: [hostId],
  };
}

/**
 * A heartbeat that somebody sends, with its defaults; what it speaks of is not looked at.
 *
 * @throws TeleportError `bad_parameter`
 */
export function checkHeartbeat<
  S extends Resource & { Spec: Spec | undefined },
  Spec extends { HostID: string; Version: string; Rotation: Rotation | undefined },
>(what: string, server: S & { Spec: Spec | undefined }, version: string): S & { Spec: Spec } {
  const Metadata = checkMetadata(server.Metadata);
  const { Spec } = server;
  if (!Spec?.HostID) throw badParameter(`missing ${what} server HostID`);
  return {
    ...server,
    Metadata,
    Spec: { ...Spec, Version: Spec.Version || version, Rotation: Spec.Rotation ?? noRotation() },
  };
}
