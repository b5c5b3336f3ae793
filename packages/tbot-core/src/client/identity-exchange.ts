import type { KeyObject } from 'node:crypto';
import { fromDurationMessage, fromTimestamp, TeleportError, toDurationMessage } from '@teleport-ts/api-types';
import type { IdentityRequest, PublicKeys } from '../destination-host.ts';
import type {
  TrustedAuthority as AuthorityMessage,
  GenerateIdentityRequest,
  GenerateIdentityResponse,
  Route,
  TtlDecision as TtlMessage,
} from '../gen/tbot/credentials/v1/credentials.ts';
import { Identity } from '../identity.ts';
import type { IdentityRoute, TtlDecision } from '../identity-route.ts';
import type { AuthorityType, TrustedAuthority } from '../trusted-authority.ts';

/**
 * The message for a request; it holds public keys only.
 *
 * @throws TeleportError `bad_parameter` for what only a program without types can ask
 */
export function identityRequestMessage(request: IdentityRequest, keys: PublicKeys): GenerateIdentityRequest {
  checkTypes(request);
  return {
    roles: [...(request.roles ?? [])],
    ttl: request.ttlMs === undefined ? undefined : toDurationMessage(request.ttlMs),
    cluster: request.cluster ?? '',
    tlsPublicKey: Buffer.from(keys.tls ?? ''),
    sshPublicKey: Buffer.from(keys.ssh ?? ''),
    kind: kindMessage(request),
  };
}

function checkTypes(request: IdentityRequest): void {
  const { roles = [], ttlMs = 0 } = request;
  if (!Array.isArray(roles)) throw bad('roles is not a list');
  if (!Number.isFinite(ttlMs)) throw bad(`ttlMs is ${ttlMs}, and not a number of milliseconds`);
}

function nameOf({ kind, name }: Exclude<IdentityRequest, { kind: 'identity' }>): string {
  if (typeof name !== 'string') throw bad(`the name of the ${kind} is missing`);
  return name;
}

const bad = (message: string): TeleportError => new TeleportError('bad_parameter', message);

function kindMessage(request: IdentityRequest): GenerateIdentityRequest['kind'] {
  switch (request.kind) {
    case 'identity':
      return { $case: 'identity', value: {} };
    case 'application':
      return { $case: 'application', value: { name: nameOf(request) } };
    case 'database': {
      const { username = '', database = '' } = request;
      return { $case: 'database', value: { name: nameOf(request), username, database } };
    }
    case 'kubernetes':
      return { $case: 'kubernetes', value: { name: nameOf(request) } };
  }
}

/**
 * Puts the answer and the own key together.
 *
 * @throws TeleportError `bad_parameter` when the certificates are for another key
 */
export function identityFromMessage(
  message: GenerateIdentityResponse,
  own: { readonly privateKey?: KeyObject; readonly publicKeys: PublicKeys },
): Identity {
  const { tlsCertificate, sshCertificate, refreshAt, ttl, route, roles } = message;
  const refresh = fromTimestamp(refreshAt);
  const expires = fromTimestamp(message.expires);
  return Identity.create({
    ...own,
    ...(tlsCertificate.length > 0 ? { tlsCertificate: tlsCertificate.toString() } : {}),
    ...(sshCertificate.length > 0 ? { sshCertificate: sshCertificate.toString() } : {}),
    ...(expires && roles.length > 0 ? { expires, roles } : {}),
    authorities: message.authorities.map(authorityFromMessage),
    ...(refresh ? { refreshAt: refresh } : {}),
    ...(ttl ? ttlFromMessage(ttl) : {}),
    ...(route ? { route: routeFromMessage(route) } : {}),
  });
}

function ttlFromMessage({ asked, effective, cutBy }: TtlMessage): { readonly ttl?: TtlDecision } {
  const askedMs = fromDurationMessage(asked);
  const effectiveMs = fromDurationMessage(effective);
  if (askedMs === undefined || effectiveMs === undefined) return {};
  return { ttl: { askedMs, effectiveMs, ...(cutBy ? { cutBy } : {}) } };
}

function routeFromMessage({ cluster, proxyAddress, target }: Route): IdentityRoute {
  return {
    cluster,
    ...(proxyAddress ? { proxyAddress } : {}),
    ...targetFromMessage(target),
  };
}

function targetFromMessage(target: Route['target']): Pick<IdentityRoute, 'application' | 'database' | 'kubernetes'> {
  switch (target?.$case) {
    case 'application':
      return { application: { name: target.value.name, publicAddress: target.value.publicAddress } };
    case 'database': {
      const { name, protocol, username, database } = target.value;
      return { database: { name, protocol, ...(username && { username }), ...(database && { database }) } };
    }
    case 'kubernetes':
      return { kubernetes: { name: target.value.name } };
    default:
      return {};
  }
}

function authorityFromMessage(message: AuthorityMessage): TrustedAuthority {
  return {
    type: message.type as AuthorityType,
    cluster: message.cluster,
    tlsCertificates: message.tlsCertificates.map(String),
    sshPublicKeys: message.sshPublicKeys.map(String),
  };
}
