import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import type { CAKeySet, CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import { authorize } from '../access/caller.ts';
import type { ClusterContext } from '../cluster-context.ts';
import { accessDenied, badParameter, notFound } from '../errors.ts';
import type { AuthorityType, CertAuthority } from '../pki/cert-authority.ts';
import { metadataOf } from '../resources.ts';
import { type Service, service } from '../rpc/service.ts';
import { AUTHORITY_TYPES } from '../state/authorities.ts';

/** Authorities of the real one that this one does not keep. */
const ABSENT_TYPES = new Set(['jwt', 'saml_idp', 'oidc_idp', 'spiffe', 'okta', 'awsra', 'bound_keypair']);

export function trustService({ state, authorities }: ClusterContext): Service {
  const revisions = new Map<AuthorityType, string>();
  const resourceOf = async (type: AuthorityType): Promise<CertAuthorityV2> => {
    const generations = authorities.trusted(type);
    await Promise.all(generations.map((authority) => authority.prepare()));
    const [active, ...additional] = generations;
    const metadata = metadataOf({ name: state.name });
    const Revision = revisions.get(type) ?? metadata.Revision;
    revisions.set(type, Revision);
    return {
      Kind: 'cert_authority',
      SubKind: type,
      Version: 'v2',
      Metadata: { ...metadata, Revision },
      Spec: {
        Type: type,
        ClusterName: state.name,
        Roles: [],
        RoleMap: [],
        Rotation: undefined,
        SigningAlg: 0,
        ActiveKeys: publicKeys(active ? [active] : []),
        AdditionalTrustedKeys: publicKeys(additional),
      },
    };
  };
  return service(TrustServiceDefinition, {
    async getCertAuthority({ type, domain, includeKey }, { caller }) {
      checkType(type);
      authorize(caller, 'cert_authority', includeKey ? 'read' : 'readnosecrets');
      if (includeKey) throw accessDenied('this cluster does not hand out private keys of authorities');
      const known = AUTHORITY_TYPES.find((candidate) => candidate === type);
      if (!known || domain !== state.name) throw notFound(`"cert_authority" "${type}/${domain}" does not exist`);
      return await resourceOf(known);
    },
    async getCertAuthorities({ type, includeKey }, { caller }) {
      checkType(type);
      authorize(caller, 'cert_authority', 'list', includeKey ? 'read' : 'readnosecrets');
      if (includeKey) throw accessDenied('this cluster does not hand out private keys of authorities');
      // By prefix, as the real one: `db` brings `db_client` along.
      const types = AUTHORITY_TYPES.filter((candidate) => candidate.startsWith(type));
      return { certAuthoritiesV2: await Promise.all(types.map(resourceOf)) };
    },
  });
}

function checkType(type: string): void {
  const isKnown = AUTHORITY_TYPES.some((candidate) => candidate === type) || ABSENT_TYPES.has(type);
  if (!isKnown) throw badParameter(`'${type}' authority type is not supported`);
}

function publicKeys(authorities: readonly CertAuthority[]): CAKeySet {
  const none = Buffer.alloc(0);
  return {
    SSH: authorities
      .filter(({ hasSsh }) => hasSsh)
      .map(({ ssh }) => ({ PublicKey: Buffer.from(`${ssh.publicKey}\n`), PrivateKey: none, PrivateKeyType: 0 })),
    TLS: authorities
      .filter(({ hasTls }) => hasTls)
      .map(({ tls }) => ({ Cert: Buffer.from(tls.certificate), Key: none, KeyType: 0 })),
    JWT: [],
  };
}
