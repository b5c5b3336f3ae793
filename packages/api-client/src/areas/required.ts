import { TeleportError } from '@teleport-ts/api-types';

interface Named {
  readonly Metadata: { readonly Name: string } | undefined;
}

/**
 * A resource that may be sent: there, and with a name. A cluster does not look for that everywhere: the auth service of
 * Teleport 18.0 ends on a role that is missing.
 *
 * @throws TeleportError `bad_parameter`
 */
export function named<M extends Named>(kind: string, resource: M): M {
  if (!resource?.Metadata?.Name) throw new TeleportError('bad_parameter', `missing ${kind}, or its name`);
  return resource;
}

/**
 * A resource that may be sent; its name is always the same.
 *
 * @throws TeleportError `bad_parameter`
 */
export function given<M>(kind: string, resource: M): M {
  if (!resource) throw new TeleportError('bad_parameter', `missing ${kind}`);
  return resource;
}

/**
 * What an answer must hold.
 *
 * @throws TeleportError `unknown`
 */
export function present<M>(message: M | undefined): M {
  if (message === undefined) throw new TeleportError('unknown', 'the answer of the server is empty');
  return message;
}
