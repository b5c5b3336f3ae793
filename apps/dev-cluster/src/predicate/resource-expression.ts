import { badParameter } from '../errors.ts';
import { compileExpression, type Value, type Vocabulary } from './typed-expression.ts';

/** What a predicate may ask of a resource. */
export interface PredicateResource {
  readonly name: string;
  /** What the resource is called in its metadata, where that is something else than its name: a node's id. */
  readonly metadataName?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The labels without those that commands find. Default: all. */
  readonly staticLabels?: Readonly<Record<string, string>>;
  /** What `search()` looks through. */
  readonly searchable: readonly string[];
  /** What `search()` finds only as a whole. */
  readonly searchableWords?: readonly string[];
  readonly healthStatus?: string;
  /** A field by its path in the resource's YAML, for `resource.spec.…`. */
  readonly field: (path: readonly string[]) => Value;
}

const RESOURCE: Vocabulary<PredicateResource> = {
  variables: {
    name: { type: 'string', read: (resource) => resource.name },
    labels: { type: 'labels', read: (resource) => resource.labels },
    'resource.metadata.name': { type: 'string', read: (resource) => resource.metadataName ?? resource.name },
    'resource.metadata.labels': {
      type: 'map[string]string',
      read: (resource) => resource.staticLabels ?? resource.labels,
    },
    'health.status': { type: 'string', read: (resource) => resource.healthStatus ?? '' },
  },
  functions: {
    equals: { parameters: ['string', 'string'], result: 'bool', run: ([a, b]) => a === b },
    hasPrefix: {
      parameters: ['string', 'string'],
      result: 'bool',
      run: ([text, prefix]) => (text as string).startsWith(prefix as string),
    },
    exists: { parameters: ['string'], result: 'bool', run: ([value]) => value !== '' },
    split: { parameters: ['string', 'string'], result: '[]string', run: ([a, b]) => (a as string).split(b as string) },
    contains: {
      parameters: ['[]string', 'string'],
      result: 'bool',
      run: ([list, value]) => (list as string[]).includes(value as string),
    },
    search: {
      parameters: [],
      variadic: true,
      result: 'bool',
      run: (args, resource) => matchesSearch(resource.searchable, args as string[], resource.searchableWords),
    },
  },
  unknownName(resource, path) {
    const value = path[0] === 'resource' && path.length > 1 ? resource.field(path.slice(1)) : undefined;
    if (value === undefined) throw badParameter(`identifier ${path.join('.')} is not defined`);
    return value;
  },
};

/**
 * Compiles the `PredicateExpression` of a listing call: Go's expression syntax over the names and functions that
 * Teleport 18 knows for resources. An unknown name is only found when the expression is evaluated.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`, as the real one does
 */
export function compileResourceExpression(source: string): (resource: PredicateResource) => boolean {
  return compileExpression(source, RESOURCE);
}

/** Whether each search word is found, whatever its case, in some value, or is one of the `wholeWords`. */
export function matchesSearch(
  values: readonly string[],
  words: readonly string[],
  wholeWords: readonly string[] = [],
): boolean {
  if (words.length === 0) return true;
  const lower = values.map((value) => value.toLowerCase());
  return words.every((word) => {
    const wanted = word.toLowerCase();
    return lower.some((value) => value.includes(wanted)) || wholeWords.includes(wanted);
  });
}
