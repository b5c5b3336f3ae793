import { credentialSet } from './credential-set.ts';
import type { CredentialParts, CredentialSource } from './credential-source.ts';
import { sameContent } from './same-content.ts';

/**
 * A credential in memory: certificate, key and trusted authorities.
 *
 * ```ts
 * const credentials = loadTLS({ cert, key, ca });
 * ```
 *
 * Its parts are checked when it is first used, not here.
 */
export function loadTLS(parts: CredentialParts): CredentialSource {
  const kept = sameContent();
  return {
    kind: 'tls',
    constant: true,
    async current({ signal } = {}) {
      signal?.throwIfAborted();
      return kept([], () => credentialSet(parts, 'the TLS credential'));
    },
  };
}
