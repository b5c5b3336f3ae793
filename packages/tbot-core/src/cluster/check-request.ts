import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import { MIN_TTL_MS } from '../config/config.ts';
import { CREDENTIAL_KINDS, type DatabaseIdentityRequest, type IdentityRequest } from '../destination-host.ts';
import { checkName } from './resource-name.ts';

/**
 * Refuses what no certificate can be issued for, before anything is asked.
 *
 * @throws TeleportError `bad_parameter` naming the culprit
 */
export function checkRequest(request: IdentityRequest): void {
  checkKind(request);
  checkLifetime(request);
  if (request.kind !== 'identity' && request.keys?.ssh !== undefined && request.keys.tls === undefined) {
    throw new TeleportError('bad_parameter', `a credential of kind "${request.kind}" needs a TLS public key`, {
      hint: 'an SSH certificate leads to no application, database or Kubernetes cluster',
    });
  }
}

function checkKind(request: IdentityRequest): void {
  switch (request.kind) {
    case 'identity':
      return;
    case 'application':
      checkName('application', request.name);
      return;
    case 'database':
      checkName('database', request.name);
      checkAccount(request);
      return;
    case 'kubernetes':
      checkName('Kubernetes cluster', request.name);
      return;
    default: {
      const { kind } = request as { readonly kind: unknown };
      const message = `credentials of kind ${JSON.stringify(String(kind))} are not issued here`;
      throw new TeleportError('bad_parameter', message, { hint: `supported kinds: ${CREDENTIAL_KINDS.join(', ')}` });
    }
  }
}

/** Which accounts there are is known by the database alone, and which may be used by the roles, there. */
function checkAccount({ username, database }: DatabaseIdentityRequest): void {
  for (const [what, text = ''] of [
    ['username', username],
    ['database name', database],
  ] as const) {
    if (/\p{Surrogate}/u.test(text) || text.includes('\0')) {
      throw new TeleportError('bad_parameter', `the ${what} holds a character that no certificate can hold`, {
        hint: 'half a surrogate pair or NUL: was it cut?',
      });
    }
  }
}

function checkLifetime({ ttlMs }: IdentityRequest): void {
  if (ttlMs === undefined) return;
  if (!Number.isFinite(ttlMs)) throw new TeleportError('bad_parameter', 'the ttl is not a number');
  if (ttlMs < MIN_TTL_MS) {
    const message = `the ttl ${formatGoDuration(ttlMs)} is below the shortest lifetime, ${formatGoDuration(MIN_TTL_MS)}`;
    throw new TeleportError('bad_parameter', message, { hint: 'ask for at least 1m' });
  }
}
