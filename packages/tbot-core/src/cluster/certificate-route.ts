import { TeleportError } from '@teleport-ts/api-types';
import type { DatabaseIdentityRequest, IdentityRequest } from '../destination-host.ts';
import type { IdentityRoute } from '../identity-route.ts';
import type { CertificateRoute } from './issue.ts';
import type { Target } from './target.ts';

/** The account that Redis logs in those who name none as; tsh and tbot ask for it then too. */
const REDIS_DEFAULT_USER = 'default';

/**
 * What a certificate for a found resource says.
 *
 * @throws TeleportError `bad_parameter` for a MongoDB without a username; `access_denied` where the caller may ask for the
 * name, but not for what was discovered under it
 */
export function certificateRoute(request: IdentityRequest, target: Target): CertificateRoute {
  checkAdmitted(request, target);
  if (request.kind !== 'database' || target.kind !== 'database') return { target };
  return { target, username: databaseUser(request, target.protocol), database: request.database };
}

/** The same for the holder of the credential. */
export function targetRoute({ target, username, database }: CertificateRoute): Omit<IdentityRoute, 'cluster'> {
  const { name } = target;
  switch (target.kind) {
    case 'application':
      return { application: { name, publicAddress: target.publicAddress } };
    case 'database': {
      const { protocol } = target;
      return { database: { name, protocol, ...(username && { username }), ...(database && { database }) } };
    }
    case 'kubernetes':
      return { kubernetes: { name } };
  }
}

function checkAdmitted(request: IdentityRequest, { name }: Target): void {
  if (request.kind !== 'database' && request.kind !== 'kubernetes') return;
  if (name === request.name || (request.admitsName?.(name) ?? true)) return;
  const what = `what was discovered as ${JSON.stringify(request.name)} has another name, which is not allowed here`;
  throw new TeleportError('access_denied', what, { hint: 'the full name must be among those that may be asked for' });
}

function databaseUser({ username, name }: DatabaseIdentityRequest, protocol: string): string | undefined {
  if (username) return username;
  if (protocol === 'redis') return REDIS_DEFAULT_USER;
  if (protocol !== 'mongodb') return undefined;
  throw new TeleportError('bad_parameter', `the MongoDB database ${JSON.stringify(name)} needs a username`, {
    hint: 'its clients name none: the certificate decides who logs in',
  });
}
