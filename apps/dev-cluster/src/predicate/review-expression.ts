import type { Traits } from '@teleport-ts/api-types';
import { matchesAnyExpression } from './label-expression.ts';
import { compileExpression, nested, type Value, type Vocabulary } from './typed-expression.ts';

/** What the `where` of `review_requests` may ask. */
export interface ReviewEnvironment {
  readonly reviewer: { readonly roles: readonly string[]; readonly traits: Traits };
  readonly request: {
    readonly roles: readonly string[];
    readonly reason: string;
    readonly systemAnnotations: Traits;
  };
}

/** What the `filter` of a threshold may ask. */
export interface ThresholdEnvironment extends ReviewEnvironment {
  readonly review: { readonly reason: string; readonly annotations: Traits };
}

const variables: Vocabulary<ReviewEnvironment>['variables'] = {
  'reviewer.roles': { type: '[]string', read: ({ reviewer }) => reviewer.roles },
  'reviewer.traits': { type: 'map[string][]string', read: ({ reviewer }) => reviewer.traits },
  'request.roles': { type: '[]string', read: ({ request }) => request.roles },
  'request.reason': { type: 'string', read: ({ request }) => request.reason },
  'request.system_annotations': { type: 'map[string][]string', read: ({ request }) => request.systemAnnotations },
};

const functions: Vocabulary<ReviewEnvironment>['functions'] = {
  equals: { parameters: ['any', 'any'], result: 'bool', run: ([a, b]) => equals(a, b) },
  contains: {
    parameters: ['[]string', 'string'],
    result: 'bool',
    run: ([list, item]) => (list as readonly string[]).includes(item as string),
  },
  'regexp.match': {
    parameters: ['[]string', 'string'],
    result: 'bool',
    run: ([list, expression]) => matchesAnyExpression(list as readonly string[], expression as string),
  },
};

const REVIEW: Vocabulary<ReviewEnvironment> = { variables, functions };
const THRESHOLD: Vocabulary<ThresholdEnvironment> = {
  variables: {
    ...variables,
    'review.reason': { type: 'string', read: ({ review }) => review.reason },
    'review.annotations': { type: 'map[string][]string', read: ({ review }) => review.annotations },
  },
  functions,
};

/**
 * Compiles the `where` of a role's `review_requests`.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`
 */
export function compileReviewExpression(source: string): (environment: ReviewEnvironment) => boolean {
  return within('parsing review.where expression', () => compileExpression(source, REVIEW));
}

/**
 * Compiles the `filter` of a threshold.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`
 */
export function compileThresholdExpression(source: string): (environment: ThresholdEnvironment) => boolean {
  return within('parsing threshold filter expression', () => compileExpression(source, THRESHOLD));
}

function equals(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => item === b[i]);
  throw new Error(`parameter types must match and be string or []string, got (${goType(a)}, ${goType(b)})`);
}

function goType(value: Value): string {
  if (Array.isArray(value)) return '[]string';
  if (typeof value === 'object') return 'map[string][]string';
  return typeof value === 'number' ? 'int' : typeof value === 'boolean' ? 'bool' : 'string';
}

/** The same error, with what was being done above it. */
function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    (error as Error).message = nested(what, error);
    throw error;
  }
}
