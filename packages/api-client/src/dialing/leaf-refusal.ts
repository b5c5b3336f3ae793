import { isTeleportError, parseTlsIdentity, TeleportError } from '@teleport-ts/api-types';
import type { CredentialSet } from '../credentials/credential-set.ts';

/** A leaf says no more than "access denied" to whom it knows no roles for; this says what it may be. */
export function refusedAtLeaf(
  error: TeleportError,
  cluster: string | undefined,
  credential: CredentialSet,
): TeleportError | undefined {
  if (!isTeleportError(error, 'access_denied') || cluster === undefined || credential.cluster === cluster) return;
  if (credential.cert === undefined) return undefined;
  const hint = isBotItself(credential.cert)
    ? 'a bot’s own identity has no roles at a leaf; use an identity that it has issued for its roles (a tbot output)'
    : `map one of the user’s roles in the trusted_cluster resource of ${cluster} (role_map)`;
  const { message, rpc, retryable } = error;
  return new TeleportError('access_denied', `the leaf cluster ${cluster} refuses ${whose(credential)}: ${message}`, {
    hint,
    retryable,
    cause: error,
    ...(rpc !== undefined && { rpc }),
  });
}

function whose({ user, origin }: CredentialSet): string {
  return user === undefined ? `the certificate in ${origin}` : `the user ${user} (certificate in ${origin})`;
}

function isBotItself(cert: string): boolean {
  try {
    const { botName, impersonator } = parseTlsIdentity(cert);
    return botName !== undefined && impersonator === undefined;
  } catch {
    // Not an identity of Teleport, so not a bot's.
    return false;
  }
}
