import { toDurationMessage, toTimestamp } from '@teleport-ts/api-types';
import type { BotStatus, Identity } from '@teleport-ts/tbot-core';
import {
  BotStatus as BotStatusMessage,
  GenerateIdentityResponse,
  SocketStatus as SocketStatusMessage,
} from '@teleport-ts/tbot-core/proto';
import type { TtlDecision } from '../policy/ttl-decision.ts';
import type { SocketStatus } from './socket-counters.ts';

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
export function identityResponse(identity: Identity, ttl: TtlDecision): GenerateIdentityResponse {
  const { route } = identity;
  return GenerateIdentityResponse.fromPartial({
    tlsCertificate: bytes(identity.tlsCertificate),
    sshCertificate: bytes(identity.sshCertificate),
    privateKey: bytes(identity.privateKey?.export({ type: 'pkcs8', format: 'pem' }) as string | undefined),
    authorities: identity.authorities.map((authority) => ({
      type: authority.type,
      cluster: authority.cluster,
      tlsCertificates: authority.tlsCertificates.map(bytes),
      sshPublicKeys: authority.sshPublicKeys.map(bytes),
    })),
    roles: [...identity.roles],
    expires: toTimestamp(identity.expires),
    refreshAt: toTimestamp(identity.refreshAt),
    ttl: {
      asked: toDurationMessage(ttl.askedMs),
      effective: toDurationMessage(ttl.effectiveMs),
      cutBy: ttl.cutBy ?? '',
    },
    ...(route && {
      route: {
        cluster: route.cluster,
        proxyAddress: route.proxyAddress ?? '',
        ...(route.application && { target: { $case: 'application', value: { ...route.application } } }),
      },
    }),
    serial: identity.serial.toLowerCase(),
    user: identity.tlsCertificate === undefined ? (identity.ssh?.keyId ?? '') : identity.tls.user,
    issuingCluster: identity.tlsCertificate === undefined ? '' : (identity.tls.teleportCluster ?? ''),
  });
}

export function botStatusMessage(status: BotStatus): BotStatusMessage {
  return BotStatusMessage.fromPartial({
    state: status.state,
    botName: status.botName,
    botInstanceId: status.botInstanceId,
    cluster: status.cluster,
    address: status.address,
    serverVersion: status.serverVersion,
    generation: status.generation,
    expires: toTimestamp(status.expires),
    ...(status.nextRenewal && { nextRenewal: toTimestamp(status.nextRenewal) }),
    lastError: status.lastError ?? '',
    ...(status.lastErrorAt && { lastErrorAt: toTimestamp(status.lastErrorAt) }),
  });
}

export function socketStatusMessage(status: SocketStatus): SocketStatusMessage {
  return SocketStatusMessage.fromPartial({
    path: status.path,
    roles: [...status.roles],
    issued: BigInt(status.issued),
    refused: BigInt(status.refused),
    failed: BigInt(status.failed),
    lastError: status.lastError ?? '',
    ...(status.lastErrorAt && { lastErrorAt: toTimestamp(status.lastErrorAt) }),
  });
}
