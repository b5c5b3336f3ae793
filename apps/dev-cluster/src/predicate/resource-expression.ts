import { badParameter, unknownError } from '../errors.ts';
import { type GoExpression, parseGoExpression } from './go-expression.ts';

/** What a predicate may ask of a resource. */
export interface PredicateResource {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What `search()` looks through. */
  readonly searchable: readonly string[];
  readonly healthStatus?: string;
  /** The resource as its YAML says it, for `resource.spec.…`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

type Type = 'string' | 'int' | 'float64' | 'bool' | '[]string' | 'map[string]string' | 'any' | 'labels';
type Value = string | number | boolean | readonly string[] | Readonly<Record<string, unknown>> | undefined;

interface Typed {
  readonly type: Type;
  readonly literal?: Value;
  readonly evaluate: (resource: PredicateResource) => Value;
}

/**
 * Compiles the `PredicateExpression` of a listing call: Go's expression syntax over the names and functions that
 * Teleport 18 knows for resources. An unknown name is only found when the expression is evaluated.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`, as the real one does
 */
export function compileResourceExpression(source: string): (resource: PredicateResource) => boolean {
  let tree: GoExpression;
  try {
    tree = parseGoExpression(source);
  } catch (error) {
    throw unknownError(`parsing expression\n\t${(error as Error).message}`);
  }
  let expression: Typed;
  try {
    expression = compile(tree);
  } catch (error) {
    throw badParameter(`parsing expression\n\t${(error as Error).message}`);
  }
  try {
    const coerced = coerce(expression, 'bool');
    return (resource) => coerced.evaluate(resource) as boolean;
  } catch (error) {
    throw badParameter(`expression evaluated to unexpected type\n\t${(error as Error).message}`);
  }
}

const VARIABLES: Readonly<Record<string, Typed>> = {
  name: { type: 'string', evaluate: (resource) => resource.name },
  labels: { type: 'labels', evaluate: (resource) => resource.labels },
  'resource.metadata.name': { type: 'string', evaluate: (resource) => resource.name },
  'resource.metadata.labels': { type: 'map[string]string', evaluate: (resource) => resource.labels },
  'health.status': { type: 'string', evaluate: (resource) => resource.healthStatus ?? '' },
};

interface Fn {
  readonly parameters: readonly Type[];
  readonly variadic?: boolean;
  readonly result: Type;
  readonly run: (args: readonly Value[], resource: PredicateResource) => Value;
}

const FUNCTIONS: Readonly<Record<string, Fn>> = {
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
    run: (args, resource) => matchesSearch(resource.searchable, args as string[]),
  },
};

/** Whether each search word is found, whatever its case, in some value. */
export function matchesSearch(values: readonly string[], words: readonly string[]): boolean {
  const lower = values.map((value) => value.toLowerCase());
  return words.every((word) => lower.some((value) => value.includes(word.toLowerCase())));
}

function compile(tree: GoExpression): Typed {
  switch (tree.type) {
    case 'string':
      return literal('string', tree.value);
    case 'number':
      return literal(tree.integer ? 'int' : 'float64', tree.value);
    case 'char':
      throw new Error("unsupported function argument type: 'CHAR'");
    case 'name':
      return compileName(tree.path);
    case 'index':
      return compileIndex(compile(tree.base), compile(tree.key));
    case 'call':
      return compileCall(tree.callee, tree.args);
    case 'unary': {
      if (tree.operator !== '!') throw new Error(`${tree.operator} is not supported`);
      const operand = within('parsing target of (!) operator', () => coerce(compile(tree.operand), 'bool'));
      return { type: 'bool', evaluate: (resource) => !operand.evaluate(resource) };
    }
    case 'binary':
      return compileBinary(tree.operator, compile(tree.left), compile(tree.right));
  }
}

const literal = (type: Type, value: Value): Typed => ({ type, literal: value, evaluate: () => value });

function compileName(path: readonly string[]): Typed {
  const exact = VARIABLES[path.join('.')];
  if (exact) return exact;
  const base = VARIABLES[path.slice(0, -1).join('.')];
  if (base?.type === 'labels' || base?.type === 'map[string]string') {
    return compileIndex(base, literal('string', path.at(-1)));
  }
  return { type: 'any', evaluate: (resource) => fieldOf(resource, path) };
}

function fieldOf(resource: PredicateResource, path: readonly string[]): Value {
  let value: unknown = path[0] === 'resource' ? resource.fields : undefined;
  for (const name of path.slice(1)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    value = isObject && Object.hasOwn(value as object, name) ? (value as Record<string, unknown>)[name] : undefined;
  }
  if (value === undefined) throw badParameter(`identifier ${path.join('.')} is not defined`);
  return value as Value;
}

function compileIndex(base: Typed, key: Typed): Typed {
  const keyed = within('parsing key of index expression', () => coerce(key, 'string'));
  if (!['labels', 'map[string]string', 'any'].includes(base.type)) {
    throw new Error(`cannot take index of unexpected type\n\t${mismatch(base, 'map[string]string')}`);
  }
  return {
    type: base.type === 'any' ? 'any' : 'string',
    evaluate: (resource) => {
      const map = base.evaluate(resource) as Record<string, Value>;
      const name = keyed.evaluate(resource) as string;
      return Object.hasOwn(map, name) ? map[name] : '';
    },
  };
}

function compileCall(callee: GoExpression, args: readonly GoExpression[]): Typed {
  if (callee.type !== 'name' || callee.path.length > 2) throw new Error('unknown function type');
  const name = callee.path.join('.');
  const fn = Object.hasOwn(FUNCTIONS, name) ? (FUNCTIONS[name] as Fn) : undefined;
  if (!fn) throw new Error(`unsupported function: ${name}`);
  const compiled = args.map(compile);
  if (!fn.variadic && compiled.length !== fn.parameters.length) {
    const count = fn.parameters.length;
    const noun = count === 1 ? 'argument' : 'arguments';
    throw new Error(`function (${name}) accepts ${count} ${noun}, given ${compiled.length}`);
  }
  const coerced = compiled.map((arg, i) =>
    within(`parsing argument ${i + 1} to (${name})`, () => coerce(arg, fn.parameters[i] ?? 'string')),
  );
  return {
    type: fn.result,
    evaluate: (resource) =>
      fn.run(
        coerced.map((arg) => arg.evaluate(resource)),
        resource,
      ),
  };
}

function compileBinary(operator: string, left: Typed, right: Typed): Typed {
  const sides = (type: Type): [Typed, Typed] => [
    within(`parsing lhs of (${operator}) operator`, () => coerce(left, type)),
    within(`parsing rhs of (${operator}) operator`, () => coerce(right, type)),
  ];
  if (operator === '&&' || operator === '||') {
    const [a, b] = sides('bool');
    return operator === '&&'
      ? { type: 'bool', evaluate: (resource) => a.evaluate(resource) && b.evaluate(resource) }
      : { type: 'bool', evaluate: (resource) => a.evaluate(resource) || b.evaluate(resource) };
  }
  if (operator !== '==' && operator !== '!=') throw new Error(`${operator} is not supported`);
  const known = left.type === 'any' ? right : left;
  if (known.type === 'any') {
    throw new Error(`operator (${operator}) can only be used when at least one operand type is known at parse time`);
  }
  if (known.type !== 'string' && known.type !== 'int') {
    throw new Error(`operator (${operator}) not supported for type: ${known.type}`);
  }
  const [a, b] = sides(known.type);
  const wanted = operator === '==';
  return { type: 'bool', evaluate: (resource) => (a.evaluate(resource) === b.evaluate(resource)) === wanted };
}

function coerce(value: Typed, type: Type): Typed {
  if (value.type === type) return value;
  if (type === '[]string' && value.type === 'string') {
    return { type, evaluate: (resource) => [value.evaluate(resource) as string] };
  }
  if (value.type === 'any') {
    return {
      type,
      evaluate: (resource) => {
        const found = value.evaluate(resource);
        if (typeNameOf(found) === type) return found;
        throw badParameter(`expected type ${type}, got value (${String(found)}) with type (${typeNameOf(found)})`);
      },
    };
  }
  throw new Error(mismatch(value, type));
}

function typeNameOf(value: Value): string {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'int';
  if (Array.isArray(value)) return '[]string';
  return typeof value === 'string' ? 'string' : 'map[string]string';
}

function mismatch(value: Typed, type: Type): string {
  const got =
    value.literal === undefined
      ? `got expression returning type (${value.type})`
      : `got value (${String(value.literal)}) with type (${value.type})`;
  return `expected type ${type}, ${got}`;
}

function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}\n\t${(error as Error).message}`);
  }
}
