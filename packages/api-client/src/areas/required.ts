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
