import { parseTlsIdentity, TELEPORT_API_VERSION, TeleportError } from '@teleport-ts/api-types';
import type { CredentialSet } from '../credentials/credential-set.ts';

/** An auth service that cuts a connection after TLS gives its reason only to its own log; this says what it may be. */
export function unexplainedClose(options: { address: string; used: CredentialSet; cause?: unknown }): TeleportError {
  const { address, used: credential, cause } = options;
  const usage = credential.cert === undefined ? [] : usageOf(credential.cert);
  if (usage.length > 0) {
    const message = `${address} refuses the certificate in ${credential.origin}: it may only be used for ${usage.join(', ')}`;
    return new TeleportError('access_denied', message, {
      cause,
      hint: 'issue a certificate without a route for API calls',
    });
  }
  return new TeleportError('connection_problem', `${address} cut the connection before the first answer`, {
    retryable: true,
    cause,
    hint: `it may be stopping, refuse the client certificate, or refuse clients of API version ${TELEPORT_API_VERSION}; its log says which`,
  });
}

function usageOf(cert: string): readonly string[] {
  try {
    return parseTlsIdentity(cert).usage;
  } catch {
    // Not an identity of Teleport: nothing is known about its usage.
    return [];
  }
}
