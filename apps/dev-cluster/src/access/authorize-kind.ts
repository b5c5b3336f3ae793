import { authorize, type Caller } from './caller.ts';
import type { Verb } from './rules.ts';

/**
 * As `authorize`, for the services of `teleport.*.v1`: their refusals name the first verb last.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorizeKind(caller: Caller, kind: string, verb: Verb, ...more: Verb[]): void {
  authorize(caller, kind, ...more, verb);
}

/**
 * Whether the caller may do this to a configuration, by its kind or by the one that once held them all. Refusals name
 * the first verb last, as with {@link authorizeKind}.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorizeConfig(caller: Caller, kind: string, ...verbs: [Verb, ...Verb[]]): void {
  if (caller.systemRole === 'Admin' || caller.roles.mayDo('cluster_config', verbs)) return;
  authorizeKind(caller, kind, ...verbs);
}
