import type { Traits } from '@teleport-ts/api-types';
import type { ClaimMapping } from '@teleport-ts/api-types/proto/teleport/types/role';
import { matchesPattern } from '../access/patterns.ts';
import { badParameter } from '../errors.ts';
import { unquoteGo } from '../predicate/go-string.ts';

/** Whether a role is one of those that a word of a role resource speaks of. */
export type RoleMatcher = (role: string) => boolean;

const TEMPLATE = /^([^{}]*)\{\{([^{}]*)\}\}([^{}]*)$/s;
const CALL = /^\s*regexp\.(match|not_match)\(\s*("(?:[^"\\\n]|\\.)*"|`[^`]*`)\s*\)\s*$/s;

/**
 * The matcher of one word: a name, a glob with `*`, a regular expression between `^` and `$`, or `{{regexp.match("…")}}`
 * and `{{regexp.not_match("…")}}` with a fixed text before and after.
 *
 * @throws TeleportError `bad_parameter`
 */
export function roleMatcher(word: string): RoleMatcher {
  const [, prefix = '', expression, suffix = ''] = TEMPLATE.exec(word) ?? [];
  if (expression === undefined) {
    if (!word.includes('{{') && !word.includes('}}')) return (role) => matchesPattern(word, role);
    const text = JSON.stringify(word);
    throw badParameter(
      `${text} is using template brackets '{{' or '}}', however expression does not parse, make sure the format is {{expression}}`,
    );
  }
  const [, name, literal = ''] = CALL.exec(expression) ?? [];
  const source = unquoteGo(literal);
  if (name === undefined || source === undefined) throw badParameter(`parsing match expression\n\t${expression}`);
  const regexp = compiled(source);
  return (role) => {
    if (!role.startsWith(prefix) || !role.slice(prefix.length).endsWith(suffix)) return false;
    return regexp.test(role.slice(prefix.length, role.length - suffix.length)) === (name === 'match');
  };
}

/**
 * The matchers of the roles that claims lead to: where a trait has a value, the roles beside it, with `$1` for what a
 * group of the expression matched. What was filled in is a name, not a pattern any more.
 *
 * @throws TeleportError `bad_parameter`
 */
export function claimMatchers(mappings: readonly ClaimMapping[], traits: Traits): RoleMatcher[] {
  return mappings.flatMap(({ Claim, Value, Roles }) => {
    const regexp = wholeExpression(Value);
    if (!regexp) return [];
    const values = Object.hasOwn(traits, Claim) ? (traits[Claim] as readonly string[]) : [];
    return values.flatMap((value) => {
      const match = regexp.exec(value);
      if (!match) return [];
      return Roles.flatMap((role) => {
        const filled = filledIn(role, match);
        if (filled === '') return [];
        if (filled !== role || role.includes('$')) return [(name: string) => name === filled];
        return [roleMatcher(role)];
      });
    });
  });
}

/** The matchers of a role's list of roles and of its claims. */
export function roleMatchers(words: readonly string[], claims: readonly ClaimMapping[], traits: Traits): RoleMatcher[] {
  return [...words.map(roleMatcher), ...claimMatchers(claims, traits)];
}

export const matchesAny = (matchers: readonly RoleMatcher[], role: string): boolean =>
  matchers.some((matches) => matches(role));

function compiled(source: string): RegExp {
  try {
    return new RegExp(source, 's');
  } catch (error) {
    throw badParameter(`failed to parse regexp ${JSON.stringify(source)}: ${(error as Error).message}`);
  }
}

function wholeExpression(pattern: string): RegExp | undefined {
  const isExpression = pattern.startsWith('^') && pattern.endsWith('$');
  const words = pattern.split('*').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  try {
    return new RegExp(isExpression ? pattern : `^${words.join('(.*)')}$`, 's');
  } catch {
    return undefined;
  }
}

/** `$1` and `${1}` by what the groups matched, `$$` by a dollar; a group that is not there is empty. */
function filledIn(role: string, match: RegExpExecArray): string {
  return role.replace(/\$(?:\$|(\w+)|\{(\w+)\})/g, (whole, bare?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const name = (bare ?? braced) as string;
    return (/^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name]) ?? '';
  });
}
