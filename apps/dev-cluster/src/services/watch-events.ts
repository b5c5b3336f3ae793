import type { Metadata } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Event } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { authorize, type Caller } from '../access/caller.ts';
import { roleForClient } from '../access/role-for-client.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter } from '../errors.ts';
import { accessRequestFilter } from '../events/watch-filter.ts';
import { confirmedKinds } from '../events/watched-kinds.ts';
import { type Service, service } from '../rpc/service.ts';

export function watchCalls({ events }: ClusterContext): Service {
  return service(AuthServiceDefinition, {
    watchEvents({ Kinds, AllowPartialSuccess }, { caller, signal, metadata }) {
      const permitted = permittedKinds(caller, Kinds, AllowPartialSuccess);
      const confirmed = confirmedKinds(permitted, AllowPartialSuccess);
      const told = events.watch(confirmed, signal);
      return confirmed.some(({ Kind }) => Kind === 'role') ? withRolesFor(metadata, told) : told;
    },
  });
}

async function* withRolesFor(metadata: Metadata, events: AsyncIterable<Event>): AsyncGenerator<Event> {
  for await (const event of events) {
    const { Resource } = event;
    if (Resource?.$case !== 'Role') yield event;
    else yield { ...event, Resource: { $case: 'Role', value: roleForClient(Resource.value, metadata) } };
  }
}

function permittedKinds(caller: Caller, kinds: readonly WatchKind[], partial: boolean): WatchKind[] {
  if (kinds.length === 0) throw accessDenied("can't setup global watch");
  const permitted = kinds.filter((kind) => {
    try {
      checkPermission(caller, kind);
      return true;
    } catch (error) {
      if (partial) return false;
      throw error;
    }
  });
  if (permitted.length === 0) throw badParameter('none of the requested kinds can be watched');
  return permitted;
}

/** Most kinds need the right to read them; one's own requests and sessions need no right at all. */
function checkPermission(caller: Caller, { Kind, Filter, LoadSecrets }: WatchKind): void {
  if (Kind === 'headless_authentication') {
    checkHeadless(caller, Filter.get('username') ?? '');
    return;
  }
  const isOwn = (user: string | undefined): boolean => !!user && user === caller.user && !caller.systemRole;
  if (Kind === 'access_request' && isOwn(accessRequestFilter(Filter).user)) return;
  if (Kind === 'web_session' && !LoadSecrets && isOwn(Filter.get('user'))) return;
  const hasSecrets = Kind === 'cert_authority' || Kind === 'web_session';
  authorize(caller, Kind, hasSecrets && !LoadSecrets ? 'readnosecrets' : 'read');
}

function checkHeadless(caller: Caller, user: string): void {
  if (caller.systemRole || caller.user === '') {
    throw accessDenied('non-local user roles cannot watch headless authentications');
  }
  if (user === '') {
    throw accessDenied('user cannot watch headless authentications without a filter for their username');
  }
  if (user !== caller.user) {
    const [self, other] = [caller.user, user].map((name) => JSON.stringify(name));
    throw accessDenied(`user ${self} cannot watch headless authentications of ${other}`);
  }
}
