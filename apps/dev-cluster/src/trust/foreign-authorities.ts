import { X509Certificate } from 'node:crypto';
import type { RoleMapping } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import type { ClientAuthority } from '../auth/client-certificate.ts';
import type { ClusterContext } from '../cluster-context.ts';
import type { AuthorityType } from '../pki/cert-authority.ts';
import { authorityResource } from '../state/authority-resource.ts';
import { authorityKey, type ClusterState } from '../state/cluster-state.ts';

/** Whose clients are let in: of its leaves a root knows hosts only. */
export const KNOWN_OF_LEAVES: readonly AuthorityType[] = ['host'];
/** A leaf lets users of its root in, with the roles that its map says. */
export const KNOWN_OF_ROOTS: readonly AuthorityType[] = ['db', 'host', 'openssh', 'user'];

/**
 * Makes `context` know authorities of another cluster, without their private keys, and follow their rotation.
 *
 * @returns what ends the following; what is known by then stays known
 */
export async function followAuthorities(
  { state }: ClusterContext,
  { authorities }: ClusterContext,
  types: readonly AuthorityType[],
  roleMap: readonly RoleMapping[] = [],
): Promise<() => void> {
  const copy = (type: AuthorityType): void => {
    const { Spec, ...rest } = authorityResource(authorities, type, { secrets: false });
    const RoleMap = type === 'user' ? [...roleMap] : [];
    // How far its rotation has got is its own cluster's business.
    const resource = { ...rest, Spec: Spec && { ...Spec, RoleMap, Rotation: undefined } };
    state.foreignAuthorities.put(authorityKey(type, authorities.clusterName), resource);
  };
  await Promise.all(types.map((type) => authorities.prepare(type)));
  types.forEach(copy);
  return authorities.subscribe((type) => {
    if (types.includes(type)) copy(type);
  });
}

/** User and host authorities of other clusters, whose certificates clients may show. */
export function foreignClientAuthorities({ foreignAuthorities }: ClusterState): ClientAuthority[] {
  return foreignAuthorities.values().flatMap(({ Spec }) => {
    const type = Spec?.Type;
    if (!Spec || (type !== 'user' && type !== 'host')) return [];
    const pairs = [...(Spec.ActiveKeys?.TLS ?? []), ...(Spec.AdditionalTrustedKeys?.TLS ?? [])];
    return [{ type, cluster: Spec.ClusterName, certificates: pairs.flatMap(({ Cert }) => parsed(Cert)) }];
  });
}

const known = new WeakMap<Uint8Array, readonly X509Certificate[]>();

/** Somebody may have written down an authority whose certificate is none: nobody has a certificate of it. */
function parsed(pem: Uint8Array): readonly X509Certificate[] {
  let certificates = known.get(pem);
  if (!certificates) {
    try {
      certificates = [new X509Certificate(pem)];
    } catch {
      certificates = [];
    }
    known.set(pem, certificates);
  }
  return certificates;
}
