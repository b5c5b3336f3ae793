import { credentialSet } from './credential-set.ts';
import type { CredentialParts, CredentialSource } from './credential-source.ts';

/**
 * A credential that a program gets elsewhere: a secret store, a bot in the same process. The function is called for each
 * new connection, so it may answer with a newer one each time.
 *
 * ```ts
 * const credentials = fromFunction(async ({ signal }) => vault.read('teleport', { signal }));
 * ```
 *
 * @param load gives certificate, key and authorities; what it throws comes out as it is
 * @param options `origin` names the source in errors; default `the credential function`
 */
export function fromFunction(
  load: (options: { signal?: AbortSignal }) => Promise<CredentialParts> | CredentialParts,
  options: { origin?: string } = {},
): CredentialSource {
  return {
    kind: 'function',
    current: async (wait = {}) => credentialSet(await load(wait), options.origin ?? 'the credential function'),
  };
}
