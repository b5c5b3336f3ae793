import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import type { RoleV6, Rule } from '@teleport-ts/api-types/proto/teleport/types/role';
import { accessDenied, badParameter, notFound, unknownError } from '../errors.ts';
import type { RuleContext } from './rule-context.ts';
import { checkActions, whereHolds } from './where-clause.ts';

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

/** Which clauses are looked at: all, or none, when it is not known yet what a call is about. */
export type ClauseMode = 'decided' | 'guessed';

/**
 * Whether the roles' rules let their holder do all of this to a kind of resource, and to the resource itself where the
 * call is about one; a denial wins. With `guessed` clauses it is enough that there may be such a resource.
 *
 * @throws TeleportError `access_denied`, naming each missing verb; what is wrong with a `where` clause that is met on
 * the way is told instead, whatever other roles say
 */
export function checkRules(
  roles: readonly RoleV6[],
  kind: string,
  verbs: readonly Verb[],
  context: RuleContext = {},
  mode: ClauseMode = 'decided',
): void {
  const faults = verbs
    .map((verb) => faultOf(roles, kind, verb, context, mode))
    .filter((fault): fault is Error => fault !== undefined);
  if (faults.length > 0) throw joined(faults);
}

/** Whether a rule denies it, and not only that none allows it; a rule that is wrong denies. */
export function isDenied(roles: readonly RoleV6[], kind: string, verb: Verb, context: RuleContext = {}): boolean {
  try {
    return roles.some(({ Spec }) =>
      matchingRule(Spec?.Deny?.Rules ?? [], kind, verb, (each) => whereHolds(each, context)),
    );
  } catch (error) {
    if (isTeleportError(error)) return true;
    throw error;
  }
}

/** The refusal of a caller whose rules lack these verbs. */
export function ruleError(kind: string, verbs: readonly Verb[]): Error {
  return accessDenied(verbs.map((verb) => `access denied to perform action "${verb}" on "${kind}"`).join(', '));
}

function faultOf(
  roles: readonly RoleV6[],
  kind: string,
  verb: Verb,
  context: RuleContext,
  mode: ClauseMode,
): Error | undefined {
  const denial = mode === 'guessed' ? () => false : (each: Rule) => whereHolds(each, context);
  const permission = mode === 'guessed' ? () => true : denial;
  const matches = (rules: readonly Rule[], holds: (each: Rule) => boolean): boolean => {
    const match = matchingRule(rules, kind, verb, (each) => each.Where === '' || holds(each));
    if (match) checkActions(match, context);
    return match !== undefined;
  };
  try {
    const isDenied = roles.some(({ Spec }) => matches(Spec?.Deny?.Rules ?? [], denial));
    const mayDo =
      !isDenied &&
      (roles.some(({ Spec }) => matches(Spec?.Allow?.Rules ?? [], permission)) || matches(IMPLICIT, denial));
    return mayDo ? undefined : ruleError(kind, [verb]);
  } catch (error) {
    if (isTeleportError(error)) return error;
    throw error;
  }
}

/** The rule that decides: those of the kind before those of all kinds, and of each the more specific ones first. */
function matchingRule(
  rules: readonly Rule[],
  kind: string,
  verb: Verb,
  holds: (rule: Rule) => boolean,
): Rule | undefined {
  for (const resource of [kind, '*']) {
    const about = rules.filter(({ Resources }) => Resources.includes(resource));
    if (about.length > 1) about.sort((a, b) => specificity(b) - specificity(a));
    const match = about.find((each) => holds(each) && hasVerb(each, verb));
    if (match) return match;
  }
  return undefined;
}

function specificity({ Resources, Verbs, Where, Actions }: Rule): number {
  return (
    (Resources.includes('*') ? -4 : Resources.length === 1 ? 2 : 0) +
    (Verbs.includes('*') ? -2 : 0) +
    (Where === '' ? 0 : 8) +
    (Actions.length > 0 ? 8 : 0)
  );
}

const hasVerb = ({ Verbs }: Rule, verb: Verb): boolean =>
  Verbs.includes('*') || Verbs.includes(verb) || (verb === 'readnosecrets' && Verbs.includes('read'));

/** Several refusals in one: the texts of all, and the code that counts most. */
function joined(faults: readonly Error[]): Error {
  const [first] = faults as [Error];
  if (faults.length === 1) return first;
  const codes = new Set(faults.map((fault) => (fault as TeleportError).code));
  const [, make] = WEIGHTS.find(([code]) => codes.has(code)) ?? [undefined, unknownError];
  return make(faults.map(({ message }) => message).join(', '));
}

const WEIGHTS = [
  ['access_denied', accessDenied],
  ['bad_parameter', badParameter],
  ['not_found', notFound],
] as const;
