import { parseIdentityFile } from '@teleport-ts/api-types';
import { type CredentialSet, credentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';
import { readCredentialFile } from './read-credential-file.ts';
import { sameContent } from './same-content.ts';

/**
 * The credential in an identity file of `tctl auth sign --format=file`, `tsh login --out` or tbot. Its SSH half may be
 * absent. The file is read again for each new connection, and when it changes.
 *
 * ```ts
 * const credentials = loadIdentityFile('/opt/machine-id/identity');
 * ```
 */
export function loadIdentityFile(path: string): CredentialSource {
  const kept = sameContent();
  return {
    kind: 'identity-file',
    async current(options) {
      const text = await readCredentialFile(path, 'identity file', options?.signal);
      return kept([text], () => fromIdentity(text, `identity file ${path}`));
    },
    paths: () => [path],
  };
}

/** The credential in the text of an identity file, for programs that get it from the environment or a secret store. */
export function loadIdentityString(text: string): CredentialSource {
  const kept = sameContent();
  return {
    kind: 'identity-string',
    constant: true,
    async current({ signal } = {}) {
      signal?.throwIfAborted();
      return kept([], () => fromIdentity(text, 'identity string'));
    },
  };
}

function fromIdentity(text: string, name: string): CredentialSet {
  const file = parseIdentityFile(text, { name });
  return credentialSet({ cert: file.tlsCertificate, key: file.privateKey, ca: file.tlsAuthorities }, `the ${name}`);
}
