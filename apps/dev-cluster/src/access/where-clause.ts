import type { CertAuthorityV2 } from '@teleport-ts/api-types/proto/teleport/types/cert_authority';
import type { ImpersonateConditions, RoleV6, Rule } from '@teleport-ts/api-types/proto/teleport/types/role';
import type { UserV2 } from '@teleport-ts/api-types/proto/teleport/types/user';
import { notFound } from '../errors.ts';
import {
  decideRule,
  type Operand,
  predicate,
  type RuleFunction,
  type RuleVocabulary,
  text,
} from '../predicate/rule-expression.ts';
import { fieldOf, type RuleContext, ruleIdentifier } from './rule-context.ts';

/** Whether a rule's clause holds; one without a clause always does. What is wrong with a clause is thrown. */
export function whereHolds({ Where }: Rule, context: RuleContext): boolean {
  return Where === '' || decideRule('where', Where, { ...WHERE, ...about(context) });
}

/** Looks a rule's actions through. They write to the log of the real one, which nobody sees: here nothing comes of them. */
export function checkActions({ Actions }: Rule, context: RuleContext): void {
  for (const action of Actions) {
    decideRule('action', action, { hasOperators: false, functions: { log: LOG }, identifier: identifierIn(context) });
  }
}

/** Whose certificates are asked for. */
export interface Impersonated {
  /** Who asks. */
  readonly holder: UserV2 | undefined;
  /** None when only roles are asked for. */
  readonly user?: UserV2 | undefined;
  readonly role: RoleV6;
}

/** Whether a condition's clause holds for one of the roles that are asked for. What is wrong with it is thrown. */
export function impersonationHolds({ Where }: ImpersonateConditions, { holder, user, role }: Impersonated): boolean {
  if (Where === '') return true;
  const identifier = (path: readonly string[]): Operand => {
    const [root = '', ...rest] = path;
    if (root === 'user') return fieldOf(holder, rest);
    if (root === 'impersonate_user') return fieldOf(user, rest);
    if (root === 'impersonate_role') return fieldOf(role, rest);
    throw notFound(`${path.join('.')} is not defined`);
  };
  const { equals, contains } = FUNCTIONS;
  return decideRule('where', Where, { hasOperators: true, functions: { equals, contains }, identifier });
}

const identifierIn =
  (context: RuleContext): RuleVocabulary['identifier'] =>
  (path) =>
    ruleIdentifier(context, path);

/** What depends on the call. */
function about(context: RuleContext): Pick<RuleVocabulary, 'functions' | 'identifier'> {
  const run = (): Operand => text(authorityType(context.resource));
  return {
    functions: { ...FUNCTIONS, 'system.catype': { parameters: [], run } },
    identifier: identifierIn(context),
  };
}

function authorityType(resource: object | undefined): string {
  const { Kind, Spec } = (resource ?? {}) as Partial<CertAuthorityV2>;
  return Kind === 'cert_authority' ? (Spec?.Type ?? '') : '';
}

const isText = ({ type }: Operand): boolean => type === 'string';
const isList = ({ type }: Operand): boolean => type === '[]string';
const listOf = ({ value }: Operand): readonly string[] => value as readonly string[];
/** One text, or several; undefined for anything else. */
const textsOf = (operand: Operand): readonly string[] | undefined =>
  isText(operand) ? [operand.value as string] : isList(operand) ? listOf(operand) : undefined;

const ofTwo = (holds: (a: Operand, b: Operand) => boolean): RuleFunction => ({
  parameters: ['any', 'any'],
  run: (a, b) => predicate(() => holds(a as Operand, b as Operand)),
});

const FUNCTIONS = {
  equals: ofTwo((a, b) => {
    if (isText(a)) return isText(b) && a.value === b.value;
    if (!isList(a) || !isList(b)) return false;
    const [one, other] = [listOf(a), listOf(b)];
    return one.length === other.length && one.every((item, index) => item === other[index]);
  }),
  contains: ofTwo((a, b) => isList(a) && isText(b) && listOf(a).includes(b.value as string)),
  all_end_with: ofTwo((a, b) => isText(b) && textsOf(a)?.every((item) => item.endsWith(b.value as string)) === true),
  all_equal: ofTwo((a, b) => isText(b) && textsOf(a)?.every((item) => item === b.value) === true),
  has_prefix: ofTwo((a, b) => isText(a) && isText(b) && (a.value as string).startsWith(b.value as string)),
  is_subset: {
    parameters: ['any'],
    variadic: true,
    run: (a, ...set) =>
      predicate(() => {
        const known = new Set(set.map(({ value }) => value));
        return set.every(isText) && textsOf(a as Operand)?.every((item) => known.has(item)) === true;
      }),
  },
} satisfies Record<string, RuleFunction>;

const LOG: RuleFunction = { parameters: ['string', 'string'], variadic: true, run: () => predicate(() => true) };

const WHERE = { hasOperators: true } as const;
