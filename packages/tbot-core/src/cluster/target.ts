import type { CredentialKind } from '../destination-host.ts';

/** A kind of credential that leads to a resource of the cluster. */
export type TargetKind = Exclude<CredentialKind, 'identity'>;

/**
 * A resource as a look-up has found it: what a certificate for it must say, whoever uses it. `name` is its own, which
 * may differ from the one that it was found by, see `findTarget`.
 */
export type Target =
  | { readonly kind: 'application'; readonly name: string; readonly publicAddress: string }
  | { readonly kind: 'database'; readonly name: string; readonly protocol: string }
  | { readonly kind: 'kubernetes'; readonly name: string };

/** Would certificates for both say the same? */
export function sameTarget(one: Target, other: Target): boolean {
  return one.name === other.name && one.kind === other.kind && detailOf(one) === detailOf(other);
}

function detailOf(target: Target): string {
  switch (target.kind) {
    case 'application':
      return target.publicAddress;
    case 'database':
      return target.protocol;
    case 'kubernetes':
      return '';
  }
}
