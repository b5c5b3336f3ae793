import type { KeyObject } from 'node:crypto';
import { sshPublicKeyLine } from '@teleport-ts/api-types';
import type { IdentityRequest, PublicKeys } from '../destination-host.ts';
import type {
  GenerateIdentityRequest,
  GenerateIdentityResponse,
  Route,
  TrustedAuthority as WireAuthority,
} from '../gen/tbot/credentials/v1/credentials.ts';
import { Identity } from '../identity.ts';
import type { IdentityRoute } from '../identity-route.ts';
import type { AuthorityType, TrustedAuthority } from '../trusted-authority.ts';
import { dateOf, durationMs, toWireDuration } from './wire-time.ts';

/** Both certificates of a pair: the same key in the two forms that the agent takes. */
export function publicKeysOf(publicKey: KeyObject): PublicKeys {
  return { tls: publicKey.export({ type: 'spki', format: 'pem' }) as string, ssh: sshPublicKeyLine(publicKey) };
}

/** The message for a request; it holds public keys only. */
export function identityRequestMessage(request: IdentityRequest, keys: PublicKeys): GenerateIdentityRequest {
  const message: GenerateIdentityRequest = {
    roles: [...(request.roles ?? [])],
    ttl: request.ttlMs === undefined ? undefined : toWireDuration(request.ttlMs),
    cluster: request.cluster ?? '',
    tlsPublicKey: Buffer.from(keys.tls ?? ''),
    sshPublicKey: Buffer.from(keys.ssh ?? ''),
    kind: { $case: 'application', value: { name: request.name } },
  };
  return message;
}

/**
 * Puts the answer and the own key together.
 *
 * @throws TeleportError `bad_parameter` when the certificates are for another key
 */
export function identityFromMessage(
  message: GenerateIdentityResponse,
  own: { readonly privateKey: KeyObject } | { readonly publicKeys: PublicKeys },
): Identity {
  const { tlsCertificate, sshCertificate, refreshAt, ttl, route } = message;
  return Identity.create({
    ...own,
    ...(tlsCertificate.length > 0 ? { tlsCertificate: tlsCertificate.toString() } : {}),
    ...(sshCertificate.length > 0 ? { sshCertificate: sshCertificate.toString() } : {}),
    authorities: message.authorities.map(authorityFromMessage),
    ...(refreshAt ? { refreshAt: dateOf(refreshAt) } : {}),
    ...(ttl?.asked && ttl.effective
      ? {
          ttl: {
            askedMs: durationMs(ttl.asked),
            effectiveMs: durationMs(ttl.effective),
            ...(ttl.cutBy ? { cutBy: ttl.cutBy } : {}),
          },
        }
      : {}),
    ...(route ? { route: routeFromMessage(route) } : {}),
  });
}

function routeFromMessage({ cluster, proxyAddress, target }: Route): IdentityRoute {
  return {
    cluster,
    ...(proxyAddress ? { proxyAddress } : {}),
    ...(target ? { application: { name: target.value.name, publicAddress: target.value.publicAddress } } : {}),
  };
}

function authorityFromMessage(message: WireAuthority): TrustedAuthority {
  return {
    type: message.type as AuthorityType,
    cluster: message.cluster,
    tlsCertificates: message.tlsCertificates.map(String),
    sshPublicKeys: message.sshPublicKeys.map(String),
  };
}
