import { badParameter, unknownError } from '../errors.ts';
import { type GoExpression, parseGoExpression } from './go-expression.ts';

type ValueType = 'string' | 'int' | 'float64' | 'bool' | '[]string' | 'map[string]string' | 'map[string][]string';
/** `any` is only known when it is evaluated; `labels` may be indexed and nothing else. */
export type ExpressionType = ValueType | 'any' | 'labels';
export type Value = string | number | boolean | readonly string[] | Readonly<Record<string, unknown>> | undefined;

export interface Variable<Env> {
  readonly type: ExpressionType;
  readonly read: (env: Env) => Value;
}

export interface ExpressionFunction<Env> {
  readonly parameters: readonly (ValueType | 'any')[];
  /** Takes any number of strings instead. */
  readonly variadic?: boolean;
  readonly result: ValueType;
  readonly run: (args: readonly Value[], env: Env) => Value;
}

/** The names and functions that the expressions of one purpose may use. */
export interface Vocabulary<Env> {
  readonly variables: Readonly<Record<string, Variable<Env>>>;
  readonly functions: Readonly<Record<string, ExpressionFunction<Env>>>;
  /** What a name stands for that is no variable. Default: such a name is an error of the expression. */
  readonly unknownName?: (env: Env, path: readonly string[]) => Value;
}

interface Typed<Env> {
  readonly type: ExpressionType;
  readonly literal?: Value;
  readonly evaluate: (env: Env) => Value;
}

/**
 * Compiles an expression in Go's syntax that must say yes or no. What is wrong with it is told in the words of the real
 * one, which clients show to their users.
 *
 * @throws a syntax error with code `unknown`, a type error with code `bad_parameter`
 */
export function compileExpression<Env>(source: string, vocabulary: Vocabulary<Env>): (env: Env) => boolean {
  let tree: GoExpression;
  try {
    tree = parseGoExpression(source);
  } catch (error) {
    throw unknownError(nested('parsing expression', error));
  }
  let expression: Typed<Env>;
  try {
    expression = new Compiler(vocabulary).compile(tree);
  } catch (error) {
    throw badParameter(nested('parsing expression', error));
  }
  try {
    const coerced = coerce(expression, 'bool');
    return (env) => coerced.evaluate(env) as boolean;
  } catch (error) {
    throw badParameter(nested('expression evaluated to unexpected type', error));
  }
}

class Compiler<Env> {
  readonly #vocabulary: Vocabulary<Env>;

  constructor(vocabulary: Vocabulary<Env>) {
    this.#vocabulary = vocabulary;
  }

  compile(tree: GoExpression): Typed<Env> {
    switch (tree.type) {
      case 'string':
        return literal('string', tree.value);
      case 'number':
        return literal(tree.integer ? 'int' : 'float64', tree.value);
      case 'char':
        throw new Error("unsupported function argument type: 'CHAR'");
      case 'name':
        return this.#name(tree.path);
      case 'selector':
        throw new Error('unsupported selector type');
      case 'index':
        return this.#index(this.compile(tree.base), this.compile(tree.key));
      case 'call':
        return this.#call(tree.callee, tree.args);
      case 'unary': {
        if (tree.operator !== '!') throw new Error(`${tree.operator} is not supported`);
        const operand = within('parsing target of (!) operator', () => coerce(this.compile(tree.operand), 'bool'));
        const evaluated = evaluating('target of (!) operator', operand);
        return { type: 'bool', evaluate: (env) => !evaluated(env) };
      }
      case 'binary':
        return binary(tree.operator, this.compile(tree.left), this.compile(tree.right));
    }
  }

  #name(path: readonly string[]): Typed<Env> {
    const { unknownName } = this.#vocabulary;
    const exact = this.#variable(path);
    if (exact) return exact;
    const base = this.#variable(path.slice(0, -1));
    if (base && base.type !== 'any' && isIndexable(base.type)) return this.#index(base, literal('string', path.at(-1)));
    if (!unknownName) throw new Error(`unknown identifier: ${JSON.stringify(path.join('.'))}`);
    return { type: 'any', evaluate: (env) => unknownName(env, path) };
  }

  #variable(path: readonly string[]): Typed<Env> | undefined {
    const { variables } = this.#vocabulary;
    const name = path.join('.');
    if (!Object.hasOwn(variables, name)) return undefined;
    const { type, read } = variables[name] as Variable<Env>;
    return { type, evaluate: read };
  }

  #index(base: Typed<Env>, key: Typed<Env>): Typed<Env> {
    const keyed = within('parsing key of index expression', () => coerce(key, 'string'));
    if (!isIndexable(base.type)) {
      throw new Error(nested('cannot take index of unexpected type', mismatch(base, 'map[string]string')));
    }
    const isMapOfLists = base.type === 'map[string][]string';
    return {
      type: base.type === 'any' ? 'any' : isMapOfLists ? '[]string' : 'string',
      evaluate: (env) => {
        const map = base.evaluate(env) as Record<string, Value>;
        const name = keyed.evaluate(env) as string;
        return Object.hasOwn(map, name) ? map[name] : isMapOfLists ? [] : '';
      },
    };
  }

  #call(callee: GoExpression, args: readonly GoExpression[]): Typed<Env> {
    if (callee.type !== 'name') throw new Error('unknown function type');
    if (callee.path.length > 2) throw new Error('expected selector identifier, got: *ast.SelectorExpr');
    const { functions } = this.#vocabulary;
    const name = callee.path.join('.');
    const fn = Object.hasOwn(functions, name) ? (functions[name] as ExpressionFunction<Env>) : undefined;
    if (!fn) throw new Error(`unsupported function: ${name}`);
    const compiled = args.map((arg) => this.compile(arg));
    const count = fn.parameters.length;
    if (!fn.variadic && compiled.length !== count) {
      throw new Error(
        `function (${name}) accepts ${count} argument${count === 1 ? '' : 's'}, given ${compiled.length}`,
      );
    }
    const argument = (i: number): string =>
      fn.variadic ? `argument ${i + 1}` : count === 1 ? 'argument' : `${ORDINALS[i]} argument`;
    const values = compiled.map((arg, i) => {
      const what = `${argument(i)} to ${fn.variadic ? 'function ' : ''}(${name})`;
      const coerced = within(`parsing ${what}`, () => coerce(arg, fn.parameters[i] ?? 'string'));
      return evaluating(`${argument(i)} to function (${name})`, coerced);
    });
    return {
      type: fn.result,
      evaluate: (env) => {
        const given = values.map((value) => value(env));
        try {
          return fn.run(given, env);
        } catch (error) {
          throw badParameter(nested(`evaluating function (${name})`, error));
        }
      },
    };
  }
}

const ORDINALS = ['first', 'second', 'third'];

const literal = <Env>(type: ExpressionType, value: Value): Typed<Env> => ({
  type,
  literal: value,
  evaluate: () => value,
});

const isIndexable = (type: ExpressionType): boolean =>
  type === 'labels' || type === 'map[string]string' || type === 'map[string][]string' || type === 'any';

function binary<Env>(operator: string, left: Typed<Env>, right: Typed<Env>): Typed<Env> {
  const sides = (type: ExpressionType): [(env: Env) => Value, (env: Env) => Value] => [
    evaluating(
      `lhs of (${operator}) operator`,
      within(`parsing lhs of (${operator}) operator`, () => coerce(left, type)),
    ),
    evaluating(
      `rhs of (${operator}) operator`,
      within(`parsing rhs of (${operator}) operator`, () => coerce(right, type)),
    ),
  ];
  if (operator === '&&' || operator === '||') {
    const [a, b] = sides('bool');
    return { type: 'bool', evaluate: operator === '&&' ? (env) => a(env) && b(env) : (env) => a(env) || b(env) };
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
  return { type: 'bool', evaluate: (env) => (a(env) === b(env)) === wanted };
}

function coerce<Env>(value: Typed<Env>, type: ExpressionType): Typed<Env> {
  if (value.type === type || type === 'any') return value;
  if (type === '[]string' && value.type === 'string') {
    return { type, evaluate: (env) => [value.evaluate(env) as string] };
  }
  // Lists cannot be checked when they are evaluated, as the real one has it.
  if (value.type === 'any' && type !== '[]string') {
    return {
      type,
      evaluate: (env) => {
        const found = value.evaluate(env);
        if (typeNameOf(found) === type) return found;
        throw new Error(`expected type ${type}, got value (${goText(found)}) with type (${typeNameOf(found)})`);
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

const goText = (value: Value): string => (Array.isArray(value) ? `[${value.join(' ')}]` : String(value));

function mismatch<Env>(value: Typed<Env>, type: ExpressionType): string {
  const name = value.type === 'any' ? 'interface {}' : value.type;
  const got =
    value.literal === undefined
      ? `got expression returning type (${name})`
      : `got value (${goText(value.literal)}) with type (${name})`;
  return `expected type ${type}, ${got}`;
}

function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(nested(what, error));
  }
}

function evaluating<Env>(what: string, { literal, evaluate }: Typed<Env>): (env: Env) => Value {
  if (literal !== undefined) return evaluate;
  return (env) => {
    try {
      return evaluate(env);
    } catch (error) {
      throw badParameter(nested(`evaluating ${what}`, error));
    }
  };
}

/** A message and its cause, as the real one writes them below each other. */
export function nested(what: string, cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return `${what}\n\t${text.replaceAll('\n', '\n\t')}`;
}
