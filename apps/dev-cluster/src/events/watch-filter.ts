import { type AccessRequestV3, RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import type { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { LockTarget, type LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import { matchesTarget } from '../access/locks.ts';
import { badParameter } from '../errors.ts';
import { nameOf, type Resource } from '../resources.ts';
import type { ResourceChange } from './change-event.ts';

/** Whether a watcher of `watched` is told about a change. Deletions are not filtered. */
export function matchesKind(watched: WatchKind, { kind, operation, resource }: ResourceChange): boolean {
  if (watched.Kind !== kind) return false;
  if (watched.Name !== '' && watched.Name !== nameOf(resource)) return false;
  if (watched.Filter.size === 0 || operation === 'delete') return true;
  return FILTERS[kind]?.(watched.Filter, resource) ?? true;
}

type Filter = ReadonlyMap<string, string>;

const FILTERS: Readonly<Record<string, (filter: Filter, resource: Resource) => boolean>> = {
  cert_authority: (filter, resource) => {
    const { Type = '', ClusterName = '' } = (resource as CertAuthorityV2).Spec ?? {};
    return filter.get(Type) === '*' || filter.get(Type) === ClusterName;
  },
  access_request: (filter, resource) => {
    const { id, user, state } = accessRequestFilter(filter);
    const { Spec } = resource as AccessRequestV3;
    return (
      (id === '' || id === nameOf(resource)) &&
      (user === '' || user === Spec?.User) &&
      (state === RequestState.NONE || state === Spec?.State)
    );
  },
  lock: (filter, resource) => matchesTarget(resource as LockV2, lockTarget(filter)),
  web_session: (filter, resource) => {
    const user = filter.get('user') ?? '';
    return user === '' || user === (resource as WebSessionV2).Spec?.User;
  },
};

/** @throws TeleportError `bad_parameter` for a key or a state that does not exist */
export function accessRequestFilter(filter: Filter): { id: string; user: string; state: RequestState } {
  for (const key of filter.keys()) {
    if (!['id', 'user', 'state'].includes(key)) throw badParameter(`unknown filter key ${key}`);
  }
  return { id: filter.get('id') ?? '', user: filter.get('user') ?? '', state: stateNamed(filter.get('state')) };
}

function stateNamed(name: string | undefined): RequestState {
  if (name === undefined) return RequestState.NONE;
  const states: Readonly<Record<string, unknown>> = RequestState;
  const state = Object.hasOwn(states, name) ? states[name] : undefined;
  if (typeof state !== 'number') throw badParameter(`unknown request state: ${JSON.stringify(name)}`);
  return state as RequestState;
}

function lockTarget(filter: Filter): LockTarget {
  return LockTarget.create({
    User: filter.get('user') ?? '',
    Role: filter.get('role') ?? '',
    Login: filter.get('login') ?? '',
    MFADevice: filter.get('mfa_device') ?? '',
    WindowsDesktop: filter.get('windows_desktop') ?? '',
    AccessRequest: filter.get('access_request') ?? '',
    Device: filter.get('device') ?? '',
    ServerID: filter.get('server_id') ?? '',
  });
}
