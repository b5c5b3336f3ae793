import type { RoleV6, Rule } from '@teleport-ts/api-types/proto/teleport/types/role';
import { accessDenied } from '../errors.ts';

export type Verb = 'list' | 'create' | 'read' | 'readnosecrets' | 'update' | 'delete' | 'rotate' | 'use';

/** What every user may do, beside its roles (the real one's "implicit role"). */
const IMPLICIT: readonly Rule[] = [
  ...(
    'node proxy auth_server reverse_tunnel cluster_auth_preference cluster_name ssh_session app app_server db db_server ' +
    'kube_cluster kube_server remote_cluster windows_desktop windows_desktop_service dynamic_windows_desktop git_server ' +
    'vnet_config spiffe_federation saml_idp_service_provider'
  )
    .split(' ')
    .map((kind) => rule(kind, ['list', 'read'])),
  rule('cert_authority', ['list', 'readnosecrets']),
];

function rule(kind: string, verbs: readonly Verb[]): Rule {
  return { Resources: [kind], Verbs: [...verbs], Where: '', Actions: [] };
}

/**
 * Whether the roles' rules let their holder do all of this to a kind of resource; a denial wins.
 *
 * A rule with a `where` clause never allows here and always denies: the clause's language is not modelled, and granting
 * what the real one refuses would be worse than the reverse.
 *
 * @throws TeleportError `access_denied`, naming each missing verb
 */
export function checkRules(roles: readonly RoleV6[], kind: string, verbs: readonly Verb[]): void {
  const allowed = [...IMPLICIT, ...roles.flatMap((role) => role.Spec?.Allow?.Rules ?? [])];
  const denied = roles.flatMap((role) => role.Spec?.Deny?.Rules ?? []);
  const missing = verbs.filter(
    (verb) =>
      denied.some((candidate) => covers(candidate, kind, verb)) ||
      !allowed.some((candidate) => candidate.Where === '' && covers(candidate, kind, verb)),
  );
  if (missing.length > 0) throw ruleError(kind, missing);
}

/** The refusal of a caller whose rules lack these verbs. */
export function ruleError(kind: string, verbs: readonly Verb[]): Error {
  return accessDenied(verbs.map((verb) => `access denied to perform action "${verb}" on "${kind}"`).join(', '));
}

function covers({ Resources, Verbs }: Rule, kind: string, verb: Verb): boolean {
  if (!Resources.includes(kind) && !Resources.includes('*')) return false;
  return Verbs.includes('*') || Verbs.includes(verb) || (verb === 'readnosecrets' && Verbs.includes('read'));
}
