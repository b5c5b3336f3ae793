import { createPublicKey, randomBytes } from 'node:crypto';
import { privateKeyPem, type TlsIdentityFields, type Traits } from '@teleport-ts/api-types';
import type { RouteToApp } from '@teleport-ts/api-types/proto/teleport/proto/routes';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import type { RoleSet } from '../access/role-set.ts';
import type { Actor } from '../audit/actor.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { makePrivateKey } from '../pki/key-pair.ts';
import { metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';
import { issueCertificates } from './certificates.ts';

export interface AppSessionRequest {
  readonly user: string;
  readonly roles: RoleSet;
  readonly traits: Traits;
  readonly activeRequests: readonly string[];
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly app: RouteToApp;
  /** What else stands in the session's certificate: the bot that it belongs to. */
  readonly marks: Partial<Pick<TlsIdentityFields, 'botName' | 'botInstanceId' | 'loginIp'>>;
  /** Who asks for it. */
  readonly actor: Actor;
}

/**
 * Stores the session that an application's certificate stands on; the certificate is worth nothing without it. It has a
 * key and a certificate of its own, by which the proxy would reach the application.
 *
 * @throws TeleportError `access_denied` when somebody is locked
 */
export function createAppSession(context: ClusterContext, request: AppSessionRequest): WebSessionV2 {
  const { state, clock } = context;
  const { user, expires } = request;
  const name = randomBytes(32).toString('hex');
  // Of this suite always: an RSA key would hold everybody else up.
  const key = makePrivateKey('ecdsa-p256');
  const certificate = sessionCertificate(context, request, name, createPublicKey(key).export(PKIX_PEM));
  const session: WebSessionV2 = {
    Kind: 'web_session',
    SubKind: 'app_session',
    Version: 'v2',
    Metadata: metadataOf({ name, expiresAt: expires }),
    Spec: {
      User: user,
      Pub: Buffer.alloc(0),
      Priv: Buffer.alloc(0),
      TLSCert: certificate,
      BearerToken: randomBytes(32).toString('hex'),
      BearerTokenExpires: zeroTime(),
      Expires: toTimestamp(expires),
      LoginTime: toTimestamp(clock.now()),
      IdleTimeout: 0n,
      ConsumedAccessRequestID: '',
      SAMLSession: undefined,
      DeviceWebToken: undefined,
      HasDeviceExtensions: false,
      TrustedDeviceRequirement: 0,
      TLSPriv: Buffer.from(privateKeyPem(key)),
    },
  };
  state.appSessions.put(name, session);
  emitStart(context, request, name);
  return session;
}

const PKIX_PEM = { type: 'spki', format: 'pem' } as const;

/** A session for whoever may see it, but may not use it. */
export function withoutSessionSecrets(session: WebSessionV2): WebSessionV2 {
  const none = Buffer.alloc(0);
  const { Spec } = session;
  return {
    ...session,
    Spec: Spec && { ...Spec, Priv: none, TLSPriv: none, SAMLSession: undefined, DeviceWebToken: undefined },
  };
}

function sessionCertificate(
  context: ClusterContext,
  { user, roles, traits, activeRequests, expires, app, marks, actor }: AppSessionRequest,
  sessionId: string,
  publicKey: string | Buffer,
): Buffer {
  const route = {
    sessionId,
    ...(app.PublicAddr && { publicAddr: app.PublicAddr }),
    ...(app.ClusterName && { clusterName: app.ClusterName }),
    ...(app.TargetPort && { targetPort: app.TargetPort }),
    ...(app.AWSRoleARN && { awsRoleArn: app.AWSRoleARN }),
    ...(app.AzureIdentity && { azureIdentity: app.AzureIdentity }),
    ...(app.GCPServiceAccount && { gcpServiceAccount: app.GCPServiceAccount }),
  };
  const { TLS } = issueCertificates(context, {
    user,
    roles,
    traits,
    expires,
    sshPublicKey: Buffer.alloc(0),
    tlsPublicKey: Buffer.from(publicKey),
    routeToCluster: '',
    kubernetesCluster: '',
    activeRequests,
    marks: { ...marks, usage: ['usage:apps'], app: route },
    includeHostAuthority: false,
    userAgent: actor.userAgent,
  });
  return TLS;
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
