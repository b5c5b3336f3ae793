import { toDurationMessage, toTimestamp } from '@teleport-ts/api-types';
import type { CaRotation, Identity, IdentityRoute, Renewal, TrustedAuthority } from '@teleport-ts/tbot-core';
import {
  type TrustedAuthority as AuthorityMessage,
  CaRotation as CaRotationMessage,
  type GenerateIdentityResponse,
  type Route,
  WatchIdentityResponse,
} from '@teleport-ts/tbot-core/proto';
import type { TtlDecision } from '../policy/ttl-decision.ts';
import { failureMessage } from './call-status.ts';
import type { Issued } from './issuance.ts';

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '');

/** What became of the wish for a lifetime, from the policy's part and the cluster's. */
export function ttlOutcome(admitted: TtlDecision, identity: Identity): TtlDecision {
  const cutBy = identity.ttl.cutBy ?? admitted.cutBy;
  return {
    askedMs: admitted.askedMs,
    effectiveMs: identity.ttl.effectiveMs,
    ...(cutBy === undefined ? {} : { cutBy }),
  };
}

/** An issued identity as the answer on the socket. */
export function identityResponse({ identity, ttl }: Pick<Issued, 'identity' | 'ttl'>): GenerateIdentityResponse {
  const { route, tlsCertificate } = identity;
  const tls = tlsCertificate === undefined ? undefined : identity.tls;
  // Field by field: every credential passes here, and `fromPartial` would copy all of it once more.
  return {
    tlsCertificate: bytes(tlsCertificate),
    sshCertificate: bytes(identity.sshCertificate),
    privateKey: bytes(identity.privateKey?.export({ type: 'pkcs8', format: 'pem' }) as string | undefined),
    authorities: authorityMessages(identity.authorities),
    roles: [...identity.roles],
    expires: toTimestamp(identity.expires),
    refreshAt: toTimestamp(identity.refreshAt),
    ttl: {
      asked: toDurationMessage(ttl.askedMs),
      effective: toDurationMessage(ttl.effectiveMs),
      cutBy: ttl.cutBy ?? '',
    },
    route: route && {
      cluster: route.cluster,
      proxyAddress: route.proxyAddress ?? '',
      target: routeTarget(route),
    },
    serial: identity.serial.toLowerCase(),
    user: tls?.user ?? identity.ssh?.keyId ?? '',
    issuingCluster: tls?.teleportCluster ?? '',
  };
}

/** Messages of lists of authorities: one list goes out with every credential until the cluster rotates. */
const messages = new WeakMap<readonly TrustedAuthority[], AuthorityMessage[]>();

function authorityMessages(authorities: readonly TrustedAuthority[]): AuthorityMessage[] {
  let made = messages.get(authorities);
  if (!made) {
    made = authorities.map(({ type, cluster, tlsCertificates, sshPublicKeys }) => ({
      type,
      cluster,
      tlsCertificates: tlsCertificates.map(bytes),
      sshPublicKeys: sshPublicKeys.map(bytes),
    }));
    messages.set(authorities, made);
  }
  return made;
}

function routeTarget({ application, database, kubernetes }: IdentityRoute): Route['target'] {
  if (application) {
    const { name, publicAddress } = application;
    return { $case: 'application', value: { name, publicAddress } };
  }
  if (database) {
    const { name, protocol, username = '', database: within = '' } = database;
    return { $case: 'database', value: { name, protocol, username, database: within } };
  }
  return kubernetes && { $case: 'kubernetes', value: { name: kubernetes.name } };
}

/** What a stream tells: a credential, or that one is late. */
export function watchResponse(event: Renewal<Issued>, botExpires: Date | undefined): WatchIdentityResponse {
  if (event.type === 'identity') {
    const value = identityResponse(event.identity);
    return WatchIdentityResponse.fromPartial({ event: { $case: 'identity', value }, reason: event.reason });
  }
  const { error, expires, nextTry, reason } = event;
  const value = {
    failure: failureMessage(error, botExpires),
    expires: toTimestamp(expires),
    nextTry: toTimestamp(nextTry),
  };
  return WatchIdentityResponse.fromPartial({ event: { $case: 'trouble', value }, reason });
}

export function rotationMessage({ type, cluster, phase, reason, deadline }: CaRotation): CaRotationMessage {
  return CaRotationMessage.fromPartial({
    type,
    cluster,
    phase,
    reason,
    ...(deadline && { deadline: toTimestamp(deadline) }),
  });
}
