import type { Traits } from '@teleport-ts/api-types';
import { matchesPattern } from '../access/patterns.ts';
import { compileExpression, type Value, type Vocabulary } from './typed-expression.ts';

/** What a label expression of a role may ask. */
export interface LabelEnvironment {
  readonly labels: Readonly<Record<string, string>>;
  readonly traits: Traits;
}

const strings = (value: Value): readonly string[] => value as readonly string[];

const LABELS: Vocabulary<LabelEnvironment> = {
  variables: {
    labels: { type: 'labels', read: ({ labels }) => labels },
    'user.spec.traits': { type: 'map[string][]string', read: ({ traits }) => traits },
  },
  functions: {
    labels_matching: {
      parameters: ['string'],
      result: '[]string',
      run: ([key], { labels }) =>
        Object.entries(labels)
          .filter(([name]) => matchesPattern(key as string, name))
          .map(([, value]) => value),
    },
    contains: {
      parameters: ['[]string', 'string'],
      result: 'bool',
      run: ([list, item]) => strings(list).includes(item as string),
    },
    contains_any: {
      parameters: ['[]string', '[]string'],
      result: 'bool',
      run: ([list, items]) => strings(items).some((item) => strings(list).includes(item)),
    },
    contains_all: {
      parameters: ['[]string', '[]string'],
      result: 'bool',
      // Of nothing it holds nothing, so that it does not let in what has nothing to do with it.
      run: ([list, items]) => strings(items).length > 0 && strings(items).every((item) => strings(list).includes(item)),
    },
    'regexp.match': {
      parameters: ['[]string', 'string'],
      result: 'bool',
      run: ([list, expression]) => matchesAnyExpression(strings(list), expression as string),
    },
    'regexp.replace': {
      parameters: ['[]string', 'string', 'string'],
      result: '[]string',
      run: ([list, expression, replacement]) => {
        const source = expression as string;
        const matching = strings(list).filter((item) => new RegExp(source, 's').test(item));
        const by = (replacement as string).replaceAll(/\$\{(\w+)\}/g, (_, name: string) => reference(name));
        return matching.map((item) => item.replaceAll(new RegExp(source, 'gs'), by)).filter((item) => item !== '');
      },
    },
    'email.local': {
      parameters: ['[]string'],
      result: '[]string',
      run: ([list]) => strings(list).map(localPart),
    },
    'strings.upper': {
      parameters: ['[]string'],
      result: '[]string',
      run: ([l]) => strings(l).map((s) => s.toUpperCase()),
    },
    'strings.lower': {
      parameters: ['[]string'],
      result: '[]string',
      run: ([l]) => strings(l).map((s) => s.toLowerCase()),
    },
  },
};

/**
 * Compiles a labels expression of a role, as in `app_labels_expression`.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`
 */
export function compileLabelExpression(source: string): (environment: LabelEnvironment) => boolean {
  return compileExpression(source, LABELS);
}

/** Whether one of the texts is matched, as a whole, by a word with `*` in it or a regular expression between `^` and `$`. */
export function matchesAnyExpression(texts: readonly string[], expression: string): boolean {
  const whole = wholeExpression(expression);
  return texts.some((text) => whole.test(text));
}

/** A word with `*` in it, or a regular expression between `^` and `$`. */
function wholeExpression(expression: string): RegExp {
  const isExpression = expression.startsWith('^') && expression.endsWith('$');
  if (isExpression) return new RegExp(expression, 's');
  const words = expression.split('*').map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${words.join('(.*)')}$`, 's');
}

const reference = (name: string): string => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`);

function localPart(address: string): string {
  const bare = /<([^<>]+)>\s*$/.exec(address)?.[1] ?? address;
  const [local, ...rest] = bare.trim().split('@');
  if (!local || rest.length !== 1) throw new Error(`failed to parse address ${JSON.stringify(address)}`);
  return local;
}
