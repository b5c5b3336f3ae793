import type { Client } from '@teleport-ts/api-client';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import type { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import type { AuthorityType, TrustedAuthority } from '../trusted-authority.ts';

const TYPES: readonly AuthorityType[] = ['host', 'user', 'db'];

/**
 * The certificate authorities of the cluster and of those that trust each other with it, as the bot's own connection sees
 * them: active keys first, then the additional ones of a rotation.
 */
export async function trustedAuthorities(client: Client): Promise<readonly TrustedAuthority[]> {
  const trust = client.service(TrustServiceDefinition);
  const answers = await Promise.all(TYPES.map((type) => trust.getCertAuthorities({ type, includeKey: false })));
  return answers.flatMap((answer, index) =>
    answer.certAuthoritiesV2.map((authority) => trusted(TYPES[index]!, authority)),
  );
}

/** `type` is the one that was asked for: asked for `db` the cluster also names its `db_client` authorities, as tbot does. */
function trusted(type: AuthorityType, { Metadata, Spec }: CertAuthorityV2): TrustedAuthority {
  const keys = [Spec?.ActiveKeys, Spec?.AdditionalTrustedKeys];
  return {
    type,
    cluster: Spec?.ClusterName || (Metadata?.Name ?? ''),
    tlsCertificates: keys.flatMap((set) => set?.TLS ?? []).map(({ Cert }) => Cert.toString('utf8')),
    sshPublicKeys: keys.flatMap((set) => set?.SSH ?? []).map(({ PublicKey }) => PublicKey.toString('utf8').trim()),
  };
}
