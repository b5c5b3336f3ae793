import { authorize, type Caller } from './caller.ts';
import { ruleError, type Verb } from './rules.ts';

/**
 * As `authorize`, for the services of `teleport.*.v1`: their refusals name the first verb last.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function authorizeKind(caller: Caller, kind: string, verb: Verb, ...more: Verb[]): void {
  authorize(caller, kind, ...more, verb);
}

/**
 * Whether the caller may read a configuration, by its kind or by the one that once held them all.
 *
 * @throws TeleportError `access_denied`
 */
export function authorizeConfig({ systemRole, roles }: Caller, kind: string): void {
  if (systemRole === 'Admin') return;
  if (!roles.mayDo(kind, ['read']) && !roles.mayDo('cluster_config', ['read'])) throw ruleError(kind, ['read']);
}
