import type { CredentialSet } from './credential-set.ts';

/**
 * Keeps the latest credential for as long as what it was made of stays the same: to read keys and certificates takes
 * milliseconds, and it is done for each connection. A failure is not kept.
 */
export function sameContent(): (content: readonly unknown[], make: () => CredentialSet) => CredentialSet {
  let latest: { readonly content: readonly unknown[]; readonly set: CredentialSet } | undefined;
  return (content, make) => {
    const isSame =
      latest?.content.length === content.length && content.every((part, index) => part === latest?.content[index]);
    if (latest && isSame) return latest.set;
    const set = make();
    latest = { content, set };
    return set;
  };
}
