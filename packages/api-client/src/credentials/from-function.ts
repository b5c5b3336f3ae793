import { coalesced } from './coalesced.ts';
import { credentialSet } from './credential-set.ts';
import type { CredentialParts, CredentialSource } from './credential-source.ts';

/**
 * A credential that a program gets elsewhere: a secret store, a bot in the same process. The function is called for each
 * new connection, when the credential has lived two thirds of its life, and by `client.reloadCredentials()`; it may
 * answer with a newer one each time. Calls that come together are one call.
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
  const origin = options.origin ?? 'the credential function';
  return {
    kind: 'function',
    current: coalesced(async (wait) => credentialSet(await load(wait), origin)),
  };
}
