import { credentialSet } from './credential-set.ts';
import type { CredentialParts, CredentialSource } from './credential-source.ts';

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
  return {
    kind: 'tls',
    constant: true,
    async current({ signal } = {}) {
      signal?.throwIfAborted();
      return credentialSet(parts, 'the TLS credential');
    },
  };
}
