import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { notFound } from '../errors.ts';
import { nameOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

/** Application sessions, without the keys that the real one keeps in them. */
export function appSessionCalls({ state }: ClusterContext): Service {
  const { appSessions } = state;
  const get = (name: string): WebSessionV2 => {
    const session = appSessions.get(name);
    if (!session) throw notFound(`"app_session" ${JSON.stringify(name)} does not exist`);
    return session;
  };
  return service(AuthServiceDefinition, {
    getAppSession({ SessionID }, { caller }) {
      const session = appSessions.get(SessionID);
      if (!session || session.Spec?.User !== caller.user) authorize(caller, 'web_session', 'read');
      return { Session: get(SessionID) };
    },
    listAppSessions({ pageSize, pageToken, user }, { caller }) {
      if (user === '' || user !== caller.user) authorize(caller, 'web_session', 'list', 'read');
      const limit = pageSize > 0 ? Math.min(pageSize, 200) : 200;
      const isWanted = (session: WebSessionV2): boolean => user === '' || session.Spec?.User === user;
      const { items, next } = appSessions.page(pageToken, limit, isWanted);
      return { sessions: items, nextPageToken: next };
    },
    deleteAppSession({ SessionID }, { caller }) {
      const session = get(SessionID);
      if (session.Spec?.User !== caller.user) authorize(caller, 'web_session', 'list', 'delete');
      appSessions.delete(SessionID);
      return {};
    },
    deleteUserAppSessions({ Username }, { caller }) {
      if (Username !== caller.user) authorize(caller, 'web_session', 'list', 'delete');
      for (const session of appSessions.values()) {
        if (session.Spec?.User === Username) appSessions.delete(nameOf(session));
      }
      return {};
    },
    deleteAllAppSessions(_request, { caller }) {
      authorize(caller, 'web_session', 'list', 'delete');
      for (const session of appSessions.values()) appSessions.delete(nameOf(session));
      return {};
    },
  });
}
