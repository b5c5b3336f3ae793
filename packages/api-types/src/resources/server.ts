import type { Rotation as RotationMessage } from '../gen/teleport/types/rotation.ts';
import { type ResourceMessage, type ResourceView, resourceView } from './resource.ts';
import { type Rotation, rotationView } from './rotation.ts';

/** The heartbeat of a service that serves an application, a database or a Kubernetes cluster. */
export interface ServerView<M> extends ResourceView<M> {
  /** Id of the service. */
  readonly hostId: string;
  readonly hostname: string;
  /** The Teleport that it runs, `18.0.0`. */
  readonly teleportVersion: string;
  /** Ids of the proxies that its tunnel ends at. */
  readonly proxyIds: readonly string[];
  /** The rotation of the host authority, as far as the service has come. */
  readonly rotation: Rotation | undefined;
}

interface ServerMessage extends ResourceMessage {
  readonly Spec:
    | {
        readonly HostID: string;
        readonly Hostname: string;
        readonly Version: string;
        readonly ProxyIDs: string[];
        readonly Rotation: RotationMessage | undefined;
      }
    | undefined;
}

/** The part of a view that all heartbeats have. */
export function serverView<M extends ServerMessage>(message: M): ServerView<M> {
  const spec = message.Spec;
  return {
    ...resourceView(message),
    hostId: spec?.HostID ?? '',
    hostname: spec?.Hostname ?? '',
    teleportVersion: spec?.Version ?? '',
    proxyIds: spec?.ProxyIDs ?? [],
    rotation: rotationView(spec?.Rotation),
  };
}
