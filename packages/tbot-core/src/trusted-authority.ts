/** The certificate authorities that a credential's user may need, in the cluster's terms. */
export type AuthorityType = 'host' | 'user' | 'db';

/**
 * A certificate authority that the user of a credential should trust.
 *
 * `host` vouches for the cluster's own services and nodes, `user` for people and bots, `db` for databases behind the
 * cluster. While an authority is being rotated it holds the old and the new keys together.
 */
export interface TrustedAuthority {
  readonly type: AuthorityType;
  /** Name of the cluster that the authority belongs to. */
  readonly cluster: string;
  /** X.509 certificates, PEM, the signing one first. Empty for an authority that signs no X.509. */
  readonly tlsCertificates: readonly string[];
  /** SSH public keys, lines of authorized_keys without options. Empty for an authority that signs no SSH. */
  readonly sshPublicKeys: readonly string[];
}

/** X.509 certificates (PEM) of all authorities of one type, in their order. */
export function tlsCertificatesOf(authorities: readonly TrustedAuthority[], type: AuthorityType): string[] {
  return authorities.filter((authority) => authority.type === type).flatMap((authority) => authority.tlsCertificates);
}
