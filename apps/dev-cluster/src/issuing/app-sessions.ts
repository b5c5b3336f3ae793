import { randomBytes } from 'node:crypto';
import type { RouteToApp } from '@teleport-ts/api-types/proto/teleport/proto/routes';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import type { Actor } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

export interface AppSessionRequest {
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly app: RouteToApp;
  /** Who asks for it. */
  readonly actor: Actor;
}

/** Stores the session that an application's certificate stands on; the certificate is worth nothing without it. */
export function createAppSession(context: ClusterContext, request: AppSessionRequest): WebSessionV2 {
  const { state, clock } = context;
  const { user, expires } = request;
  const name = randomBytes(32).toString('hex');
  const session: WebSessionV2 = {
    Kind: 'web_session',
    SubKind: 'app_session',
    Version: 'v2',
    Metadata: metadataOf({ name, expiresAt: expires }),
    Spec: {
      User: user,
      Pub: Buffer.alloc(0),
      Priv: Buffer.alloc(0),
      TLSCert: Buffer.alloc(0),
      BearerToken: '',
      BearerTokenExpires: zeroTime(),
      Expires: toTimestamp(expires),
      LoginTime: toTimestamp(clock.now()),
      IdleTimeout: 0n,
      ConsumedAccessRequestID: '',
      SAMLSession: undefined,
      DeviceWebToken: undefined,
      HasDeviceExtensions: false,
      TrustedDeviceRequirement: 0,
      TLSPriv: Buffer.alloc(0),
    },
  };
  state.appSessions.put(name, session);
  emitStart(context, request, name);
  return session;
}

function emitStart(
  { audit, state, serverVersion }: ClusterContext,
  request: AppSessionRequest,
  sessionId: string,
): void {
  const { user, app, actor } = request;
  audit.emit('app.session.start', {
    User: { ...actor.user, User: user },
    Session: { SessionID: sessionId, PrivateKeyPolicy: 'none' },
    Server: { ServerVersion: serverVersion, ServerID: state.facts.hostId, ServerNamespace: 'default' },
    Connection: { RemoteAddr: actor.remoteAddress },
    PublicAddr: app.PublicAddr,
    App: {
      AppURI: app.URI,
      AppPublicAddr: app.PublicAddr,
      AppName: app.Name,
      AppTargetPort: app.TargetPort,
    },
  });
}
