import { TeleportError } from '@teleport-ts/api-types';

// The kinds of error that the services answer with. Their texts are part of the wire: clients match them.

export const notFound = (message: string): TeleportError => new TeleportError('not_found', message);
export const alreadyExists = (message: string): TeleportError => new TeleportError('already_exists', message);
export const accessDenied = (message = 'access denied'): TeleportError => new TeleportError('access_denied', message);
export const badParameter = (message: string): TeleportError => new TeleportError('bad_parameter', message);
export const compareFailed = (message: string): TeleportError => new TeleportError('compare_failed', message);
export const notImplemented = (message: string): TeleportError => new TeleportError('not_implemented', message);
/** What the real service does not classify. */
export const unknownError = (message: string): TeleportError => new TeleportError('unknown', message);

/** A stored resource was written by somebody else since it was read. */
export const revisionMismatch = (): TeleportError =>
  compareFailed(
    'resource revision does not match, it may have been concurrently created|modified|deleted; ' +
      'please work from the latest state, or use --force to overwrite',
  );
