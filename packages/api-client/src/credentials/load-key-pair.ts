import { credentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';
import { readCredentialFile } from './read-credential-file.ts';
import { sameContent } from './same-content.ts';

/**
 * A credential in three PEM files, such as `tctl auth sign --format=tls` writes (`.crt`, `.key`, `.cas`). They are read
 * again for each new connection, and when they change.
 *
 * ```ts
 * const credentials = loadKeyPair('api.crt', 'api.key', 'api.cas');
 * ```
 */
export function loadKeyPair(certPath: string, keyPath: string, caPath: string): CredentialSource {
  const kept = sameContent();
  return {
    kind: 'key-pair',
    async current(options) {
      const signal = options?.signal;
      const [cert, key, ca] = await Promise.all([
        readCredentialFile(certPath, 'certificate file', signal),
        readCredentialFile(keyPath, 'key file', signal),
        readCredentialFile(caPath, 'CA file', signal),
      ]);
      return kept([cert, key, ca], () =>
        credentialSet({ cert, key, ca }, { cert: certPath, key: keyPath, ca: caPath }),
      );
    },
    paths: () => [certPath, keyPath, caPath],
  };
}
