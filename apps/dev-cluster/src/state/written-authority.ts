import type { CAKeySet, CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { badParameter } from '../errors.ts';
import type { AuthorityType, CertAuthority, CertAuthorityState } from '../pki/cert-authority.ts';
import type { Authorities } from './authorities.ts';

/**
 * Takes over the keys of one of the cluster's own authorities: one generation that signs, and one that may be trusted
 * beside it, each with its private keys.
 *
 * @throws TeleportError `bad_parameter` for generations without private keys, and for more of them
 */
export function replaceOwnAuthority(authorities: Authorities, { Spec }: CertAuthorityV2): void {
  const type = Spec?.Type as AuthorityType;
  const { active } = authorities.generations(type);
  const [own, ...more] = generationsOf(Spec?.ActiveKeys);
  const [trusted, ...others] = generationsOf(Spec?.AdditionalTrustedKeys);
  if (!own || more.length > 0 || others.length > 0) {
    throw badParameter(`this cluster keeps one active and one trusted key of each kind for its authority ${type}`);
  }
  const imported = (keys: Keys): CertAuthority => authorities.import(stateOf(keys, active));
  authorities.replace(type, {
    active: imported(own),
    additional: trusted && imported(trusted),
    rotation: Spec?.Rotation,
  });
}

/** What is kept of another cluster's authority: nobody here signs with it. */
export function withoutKeys(authority: CertAuthorityV2): CertAuthorityV2 {
  const none = Buffer.alloc(0);
  const without = (keys: CAKeySet | undefined): CAKeySet | undefined =>
    keys && {
      SSH: keys.SSH.map((pair) => ({ ...pair, PrivateKey: none })),
      TLS: keys.TLS.map((pair) => ({ ...pair, Key: none })),
      JWT: keys.JWT.map((pair) => ({ ...pair, PrivateKey: none })),
    };
  const { Spec } = authority;
  return {
    ...authority,
    Spec: Spec && {
      ...Spec,
      ActiveKeys: without(Spec.ActiveKeys),
      AdditionalTrustedKeys: without(Spec.AdditionalTrustedKeys),
    },
  };
}

/** The keys of one generation. */
interface Keys {
  readonly ssh?: CAKeySet['SSH'][number] | undefined;
  readonly tls?: CAKeySet['TLS'][number] | undefined;
  readonly jwt?: CAKeySet['JWT'][number] | undefined;
}

function generationsOf({ SSH, TLS, JWT }: CAKeySet = { SSH: [], TLS: [], JWT: [] }): Keys[] {
  const count = Math.max(SSH.length, TLS.length, JWT.length);
  return Array.from({ length: count }, (_, index) => ({ ssh: SSH[index], tls: TLS[index], jwt: JWT[index] }));
}

function stateOf({ ssh, tls, jwt }: Keys, before: CertAuthority): CertAuthorityState {
  const secret = (key: Uint8Array | undefined): string => {
    if (!key || key.length === 0) {
      throw badParameter(`this cluster takes its own authority ${before.type} with private keys only`);
    }
    return Buffer.from(key).toString();
  };
  const { type, clusterName, suite, created } = before.toState();
  return {
    ...{ type, clusterName, suite, created },
    ...(tls && { tls: { certificate: Buffer.from(tls.Cert).toString(), privateKey: secret(tls.Key) } }),
    ...(ssh && { ssh: { privateKey: secret(ssh.PrivateKey) } }),
    ...(jwt && { jwt: { privateKey: secret(jwt.PrivateKey) } }),
  };
}
