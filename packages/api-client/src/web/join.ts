import { fromTimestamp, TeleportError } from '@teleport-ts/api-types';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import type { RegisterUsingTokenRequest } from '@teleport-ts/api-types/proto/teleport/types/join';
import { parseAddress } from '../dialing/address.ts';
import { WebError } from './web-error.ts';
import { type WebOptions, webRequest } from './web-request.ts';

/** What a join sends; the same message as the gRPC join takes, with any field but role and token left out. */
export type JoinRequest = Partial<RegisterUsingTokenRequest> & Pick<RegisterUsingTokenRequest, 'Role' | 'Token'>;

/**
 * Joins a cluster through a proxy's web address (`POST /webapi/host/credentials`): for a token, or for a method that
 * proves itself by an ID token. The web certificate is what is trusted here, so no CA pin is involved.
 *
 * ```ts
 * const certs = await joinOverWeb('teleport.example.com:443', { Role: 'Bot', Token: token, PublicTLSKey, PublicSSHKey });
 * ```
 *
 * @throws TeleportError `access_denied` when the token is unknown, expired or used; never with the token in it
 */
export async function joinOverWeb(address: string, request: JoinRequest, options: WebOptions = {}): Promise<Certs> {
  const call = { method: 'POST', path: '/webapi/host/credentials', body: JSON.stringify(joinBody(request)) } as const;
  try {
    return certs(await webRequest(parseAddress(address), call, options), address);
  } catch (error) {
    throw withoutSecrets(error, [request.Token, request.IDToken]);
  }
}

function joinBody(request: JoinRequest): object {
  const expires = fromTimestamp(request.Expires);
  return {
    hostID: request.HostID,
    node_name: request.NodeName,
    role: request.Role,
    token: request.Token,
    additional_principals: request.AdditionalPrincipals,
    dns_names: request.DNSNames,
    public_tls_key: request.PublicTLSKey?.toString('base64'),
    public_ssh_key: request.PublicSSHKey?.toString('base64'),
    id_token: request.IDToken,
    expires: expires?.toISOString(),
  };
}

function certs(json: unknown, address: string): Certs {
  const answer = json as { ssh?: unknown; tls?: unknown; tls_ca_certs?: unknown; ssh_ca_certs?: unknown } | null;
  const bytes = (value: unknown): Buffer => {
    if (value === null || value === undefined) return Buffer.alloc(0);
    if (typeof value !== 'string') throw malformed(address);
    return Buffer.from(value, 'base64');
  };
  const list = (value: unknown): Buffer[] => (Array.isArray(value) ? value.map(bytes) : []);
  const found = {
    SSH: bytes(answer?.ssh),
    TLS: bytes(answer?.tls),
    TLSCACerts: list(answer?.tls_ca_certs),
    SSHCACerts: list(answer?.ssh_ca_certs),
  };
  if (found.TLS.length === 0 && found.SSH.length === 0) throw malformed(address);
  return found;
}

function malformed(address: string): TeleportError {
  return new TeleportError(
    'connection_problem',
    `${address} answered the join with something that holds no certificate`,
    {
      retryable: false,
    },
  );
}

/** What answers may send back what was sent to it. */
function withoutSecrets(error: unknown, secrets: readonly (string | undefined)[]): unknown {
  if (!(error instanceof WebError)) return error;
  const named = secrets.filter((secret) => secret !== undefined && secret !== '' && error.message.includes(secret));
  if (named.length === 0) return error;
  const message = named.reduce<string>((text, secret) => text.replaceAll(secret as string, '<token>'), error.message);
  const { stage, url, status, hint, retryable } = error;
  return new WebError(error.code, message, { stage, url, hint, retryable, ...(status !== undefined && { status }) });
}
