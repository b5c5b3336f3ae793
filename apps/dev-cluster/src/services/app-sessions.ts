import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { RouteToApp } from '@teleport-ts/api-types/proto/teleport/proto/routes';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import { authorize, type Caller } from '../access/caller.ts';
import { mayActFor, refusal } from '../access-requests/permission.ts';
import { actorOf } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { notFound } from '../errors.ts';
import { createAppSession, withoutSessionSecrets } from '../issuing/app-sessions.ts';
import { nameOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';

const MAX_PAGE = 200;

/** Sessions of applications: everybody makes and ends their own, and sees them without their keys. */
export function appSessionCalls(context: ClusterContext): Service {
  const { state, clock } = context;
  const { appSessions } = state;
  const get = (name: string): WebSessionV2 => {
    const session = appSessions.get(name);
    if (!session) throw notFound(`"app_session" ${JSON.stringify(name)} does not exist`);
    return session;
  };
  const userOf = ({ Spec }: WebSessionV2): string => Spec?.User ?? '';

  return service(AuthServiceDefinition, {
    createAppSession(request, call) {
      const { caller } = call;
      if (!mayActFor(caller, request.Username)) authorize(caller, 'user', 'create');
      if (!caller.identity || !state.users.has(request.Username)) {
        throw notFound(`"user" ${JSON.stringify(request.Username)} does not exist`);
      }
      const { notAfter, traits, activeRequests, loginIp } = caller.identity;
      const session = createAppSession(context, {
        user: request.Username,
        roles: caller.roles,
        traits,
        activeRequests,
        expires: Math.min(notAfter.getTime(), clock.now() + caller.roles.maxSessionTtlMs()),
        app: RouteToApp.create({
          Name: request.AppName,
          URI: request.URI,
          PublicAddr: request.PublicAddr,
          ClusterName: request.ClusterName,
          AWSRoleARN: request.AWSRoleARN,
          AzureIdentity: request.AzureIdentity,
          GCPServiceAccount: request.GCPServiceAccount,
        }),
        marks: loginIp === undefined ? {} : { loginIp },
        // The real one does not say from where.
        actor: { ...actorOf(call), remoteAddress: '' },
      });
      return { Session: withoutSessionSecrets(session) };
    },
    getAppSession({ SessionID }, { caller }) {
      const session = get(SessionID);
      const denied = refusal(caller, 'web_session', 'read');
      if (!denied) return { Session: session };
      if (!mayActFor(caller, userOf(session))) throw denied.error;
      return { Session: withoutSessionSecrets(session) };
    },
    listAppSessions({ pageSize, pageToken, user }, { caller }) {
      authorize(caller, 'web_session', 'list', 'read');
      const limit = pageSize > 0 ? Math.min(pageSize, MAX_PAGE) : MAX_PAGE;
      const isWanted = (session: WebSessionV2): boolean => user === '' || userOf(session) === user;
      const { items, next } = appSessions.page(pageToken, limit, isWanted);
      return { sessions: items, nextPageToken: next };
    },
    deleteAppSession({ SessionID }, { caller }) {
      mayDelete(caller, userOf(get(SessionID)));
      appSessions.delete(SessionID);
      return {};
    },
    deleteUserAppSessions({ Username }, { caller }) {
      mayDelete(caller, Username);
      for (const session of appSessions.values()) {
        if (userOf(session) === Username) appSessions.delete(nameOf(session));
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

function mayDelete(caller: Caller, user: string): void {
  if (!mayActFor(caller, user)) authorize(caller, 'web_session', 'list', 'delete');
}
