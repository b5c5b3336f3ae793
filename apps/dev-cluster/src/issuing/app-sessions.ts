import { randomBytes } from 'node:crypto';
import type { WebSessionV2 } from '@teleport-ts/api-types/proto/teleport/types/web_session';
import type { ClusterContext } from '../cluster-context.ts';
import { metadataOf } from '../resources.ts';
import { toTimestamp, zeroTime } from '../timestamps.ts';

export interface AppSessionRequest {
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** Stores the session that an application's certificate stands on; the certificate is worth nothing without it. */
export function createAppSession({ state, clock }: ClusterContext, { user, expires }: AppSessionRequest): WebSessionV2 {
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
  return session;
}
