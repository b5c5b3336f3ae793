import { privateKeyPem } from '@teleport-ts/api-types';
import type { CAKeySet, CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import type { AuthorityType, CertAuthority } from '../pki/cert-authority.ts';
import { metadataOf } from '../resources.ts';
import type { Authorities } from './authorities.ts';

/** An authority as the API shows it; keys that are not there yet are made now. */
export function authorityResource(
  authorities: Authorities,
  type: AuthorityType,
  options: { readonly secrets: boolean },
): CertAuthorityV2 {
  const { active, additional, rotation, revision } = authorities.generations(type);
  const { clusterName } = authorities;
  return {
    Kind: 'cert_authority',
    SubKind: type,
    Version: 'v2',
    Metadata: { ...metadataOf({ name: clusterName }), Revision: revision },
    Spec: {
      Type: type,
      ClusterName: clusterName,
      Roles: [],
      RoleMap: [],
      Rotation: rotation,
      SigningAlg: 0,
      ActiveKeys: keySet([active], options),
      AdditionalTrustedKeys: keySet(additional ? [additional] : [], options),
    },
  };
}

function keySet(generations: readonly CertAuthority[], { secrets }: { readonly secrets: boolean }): CAKeySet {
  const secret = (key: Parameters<typeof privateKeyPem>[0]): Buffer =>
    secrets ? Buffer.from(privateKeyPem(key)) : Buffer.alloc(0);
  return {
    SSH: generations
      .filter(({ hasSsh }) => hasSsh)
      .map(({ ssh }) => ({
        PublicKey: Buffer.from(`${ssh.publicKey}\n`),
        PrivateKey: secret(ssh.privateKey),
        PrivateKeyType: 0,
      })),
    TLS: generations
      .filter(({ hasTls }) => hasTls)
      .map(({ tls }) => ({ Cert: Buffer.from(tls.certificate), Key: secret(tls.privateKey), KeyType: 0 })),
    JWT: generations
      .filter(({ hasJwt }) => hasJwt)
      .map(({ jwt }) => ({
        PublicKey: Buffer.from(jwt.publicKey),
        PrivateKey: secret(jwt.privateKey),
        PrivateKeyType: 0,
      })),
  };
}
