import type { Rotation } from '@teleport-ts/api-types/proto/teleport/types/rotation';
import { badParameter } from '../errors.ts';
import type { Resource } from '../resources.ts';
import { zeroTime } from '../timestamps.ts';
import { checkedMetadata } from './metadata.ts';

/** What heartbeats carry about a rotation that does not take place. */
export function noRotation(): Rotation {
  return {
    State: '',
    Phase: '',
    Mode: '',
    CurrentID: '',
    Started: zeroTime(),
    GracePeriod: 0n,
    LastRotated: zeroTime(),
    Schedule: { UpdateClients: zeroTime(), UpdateServers: zeroTime(), Standby: zeroTime() },
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
  const Metadata = checkedMetadata(server);
  const { Spec } = server;
  if (!Spec?.HostID) throw badParameter(`missing ${what} server HostID`);
  return {
    ...server,
    Metadata,
    Spec: { ...Spec, Version: Spec.Version || version, Rotation: Spec.Rotation ?? noRotation() },
  };
}
