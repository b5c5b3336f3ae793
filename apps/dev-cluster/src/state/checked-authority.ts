import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { parseSshPublicKey } from '@teleport-ts/api-types';
import {
  CAKeySet,
  type CertAuthoritySpecV2,
  type CertAuthorityV2,
  type RoleMapping,
} from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { checkAndSetDefaults } from '@teleport-ts/api-types/resources/cert-authority';
import { badParameter, unknownError } from '../errors.ts';
import type { AuthorityType } from '../pki/cert-authority.ts';

/**
 * An authority that somebody sends, with what the real one fills in. It is looked at before it is asked whether its sender
 * may write authorities at all.
 *
 * @throws TeleportError `bad_parameter`, in the order of the real one's checks
 */
export function checkedAuthority(
  given: CertAuthorityV2 | undefined,
): CertAuthorityV2 & { readonly Spec: NonNullable<CertAuthorityV2['Spec']> } {
  if (!given) throw badParameter('missing certificate authority');
  const checked = checkAndSetDefaults(given);
  const spec = checked.Spec as CertAuthoritySpecV2;
  const { Roles, RoleMap, ActiveKeys: active = CAKeySet.create(), AdditionalTrustedKeys = CAKeySet.create() } = spec;
  const type = spec.Type as AuthorityType;
  checkKind(type, active, AdditionalTrustedKeys);
  if (type === 'user' || type === 'host' || type === 'openssh') checkRoleMap(Roles, RoleMap);
  return { ...checked, Spec: spec };
}

/** Which halves an authority of a type must have, and that their keys are keys. */
function checkKind(type: AuthorityType, active: CAKeySet, additional: CAKeySet): void {
  const has = { ssh: active.SSH.length > 0, tls: active.TLS.length > 0, jwt: active.JWT.length > 0 };
  switch (type) {
    case 'user':
    case 'host':
      if (!has.ssh) throw badParameter('certificate authority missing SSH key pairs');
      if (!has.tls) throw badParameter('certificate authority missing TLS key pairs');
      checkSshKeys(active, additional);
      return;
    case 'openssh':
      if (!has.ssh) throw badParameter('certificate authority missing SSH key pairs');
      checkSshKeys(active, additional);
      return;
    case 'db':
    case 'db_client':
      if (!has.tls) throw badParameter(`${type} certificate authority missing TLS key pairs`);
      checkCertificates(active, additional);
      return;
    case 'saml_idp':
      if (!has.tls) throw badParameter('missing SAML IdP CA');
      checkCertificates(active, additional);
      return;
    case 'spiffe':
    case 'awsra':
      if (!has.tls) throw badParameter('certificate authority missing TLS key pairs');
      if (type === 'spiffe' && !has.jwt) throw badParameter('certificate authority missing JWT key pairs');
      return;
    default:
      if (!has.jwt) throw badParameter('missing JWT CA');
      checkJwtKeys(active, additional);
  }
}

function checkSshKeys(active: CAKeySet, additional: CAKeySet): void {
  for (const { PublicKey } of [...active.SSH, ...additional.SSH]) {
    if (!isReadable(() => parseSshPublicKey(String(PublicKey)))) {
      throw badParameter(`invalid authority public key (len=${PublicKey.length}): ssh: no key found`);
    }
  }
  const keys = active.SSH.filter(({ PrivateKey, PrivateKeyType }) => PrivateKey.length > 0 && PrivateKeyType === 0);
  for (const { PrivateKey } of keys) {
    if (!isReadable(() => createPrivateKey(Buffer.from(PrivateKey)))) throw unknownError('ssh: no key found');
  }
}

function checkCertificates(active: CAKeySet, additional: CAKeySet): void {
  for (const { Cert, Key, KeyType } of [...active.TLS, ...additional.TLS]) {
    const hasKey = Key.length > 0 && KeyType === 0;
    if (hasKey) checkPair(Cert, Key);
    if (!hasKey && !isReadable(() => new X509Certificate(Cert))) {
      throw badParameter('expected PEM-encoded block');
    }
  }
}

function checkPair(certificate: Uint8Array, key: Uint8Array): void {
  const missing = (what: string): Error => unknownError(`tls: failed to find any PEM data in ${what} input`);
  if (!isReadable(() => new X509Certificate(certificate))) throw missing('certificate');
  if (!isReadable(() => createPrivateKey(Buffer.from(key)))) throw missing('key');
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(Buffer.from(key)))) {
    throw unknownError('tls: private key does not match public key');
  }
}

function checkJwtKeys(active: CAKeySet, additional: CAKeySet): void {
  for (const { PublicKey, PrivateKey, PrivateKeyType } of [...active.JWT, ...additional.JWT]) {
    const hasKey = PrivateKey.length > 0 && PrivateKeyType === 0;
    if (hasKey && !isReadable(() => createPrivateKey(Buffer.from(PrivateKey)))) {
      throw badParameter('expected PEM encoded private key');
    }
    if (!isReadable(() => createPublicKey(Buffer.from(PublicKey)))) {
      throw badParameter('failed to decode public key PEM block');
    }
  }
}

function checkRoleMap(roles: readonly string[], map: readonly RoleMapping[]): void {
  if (roles.length > 0 && map.length > 0) throw badParameter("should set either 'roles' or 'role_map', not both");
  const known = new Set<string>();
  for (const { Remote, Local } of map) {
    if (Remote === '') throw badParameter("missing 'remote' parameter for role_map");
    if (Local.length === 0) throw badParameter("missing 'local' parameter for 'role_map'");
    for (const local of Local) {
      if (local === '') throw badParameter("missing 'local' property of 'role_map' entry");
      if (local === '*') {
        throw badParameter("wildcard value is not supported for 'local' property of 'role_map' entry");
      }
    }
    if (known.has(Remote)) throw badParameter(`remote role '${Remote}' match is already specified`);
    known.add(Remote);
  }
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
