import { badParameter, unknownError } from '../errors.ts';
import { type GoExpression, GoSyntaxError, parseGoExpression } from './go-expression.ts';

/** What an expression yields once it is evaluated. */
export type Predicate = () => boolean;

/** A value in an expression, with the name of its type in Go, which refusals tell. */
export interface Operand {
  readonly type: string;
  readonly value: unknown;
}

export interface RuleFunction {
  readonly parameters: readonly ('any' | 'string')[];
  /** Takes any number of further arguments. */
  readonly variadic?: boolean;
  readonly run: (...args: Operand[]) => Operand;
}

/** The names and functions of the rules of one purpose. */
export interface RuleVocabulary {
  readonly functions: Readonly<Record<string, RuleFunction>>;
  /** Predicates may be negated and joined. */
  readonly hasOperators: boolean;
  /** @throws TeleportError when nothing has that name */
  readonly identifier: (path: readonly string[]) => Operand;
}

const PREDICATE = 'predicate.BoolPredicate';

export const predicate = (value: Predicate): Operand => ({ type: PREDICATE, value });
export const text = (value: string): Operand => ({ type: 'string', value });

/**
 * Evaluates a rule: Go's expression syntax, without types that are known beforehand. All of it is looked at, even what
 * has no say in the end; what is wrong with it is told in the words of the real one.
 *
 * @throws a syntax error with code `unknown`, others with `bad_parameter` or `not_found`
 */
export function evaluateRule(source: string, vocabulary: RuleVocabulary): Operand {
  let tree: GoExpression;
  try {
    tree = parseGoExpression(source);
  } catch (error) {
    if (error instanceof GoSyntaxError) throw unknownError(error.message);
    throw error;
  }
  return evaluate(tree, vocabulary);
}

/**
 * The same for a rule that must say yes or no.
 *
 * @throws TeleportError as {@link evaluateRule} does
 */
export function decideRule(what: 'where' | 'action', source: string, vocabulary: RuleVocabulary): boolean {
  const { type, value } = evaluateRule(source, vocabulary);
  if (type !== PREDICATE) throw badParameter(`invalid predicate type for ${what} expression: ${source}`);
  return (value as Predicate)();
}

function evaluate(tree: GoExpression, vocabulary: RuleVocabulary): Operand {
  const inner = (each: GoExpression): Operand => evaluate(each, vocabulary);
  switch (tree.type) {
    case 'string':
      return text(tree.value);
    case 'number':
      return { type: tree.integer ? 'int' : 'float64', value: tree.value };
    case 'char':
      throw badParameter("unsupported function argument type: 'CHAR'");
    case 'name':
      return vocabulary.identifier(tree.path);
    case 'selector':
      throw badParameter(`unsupported selector type: *ast.${AST_NAMES[tree.base.type]}`);
    case 'index':
      return property(inner(tree.base), inner(tree.key));
    case 'call':
      return call(functionOf(tree.callee, vocabulary), tree.args.map(inner));
    case 'unary': {
      const join = joiner(tree.operator, ['!'], vocabulary);
      return join(inner(tree.operand));
    }
    case 'binary': {
      const sides = [inner(tree.left), inner(tree.right)];
      return joiner(tree.operator, ['&&', '||'], vocabulary)(...sides);
    }
  }
}

/** How Go calls the parts of an expression. */
const AST_NAMES: Readonly<Record<GoExpression['type'], string>> = {
  binary: 'BinaryExpr',
  unary: 'UnaryExpr',
  string: 'BasicLit',
  number: 'BasicLit',
  char: 'BasicLit',
  name: 'SelectorExpr',
  selector: 'SelectorExpr',
  index: 'IndexExpr',
  call: 'CallExpr',
};

function functionOf(callee: GoExpression, { functions }: RuleVocabulary): RuleFunction {
  if (callee.type === 'selector' || (callee.type === 'name' && callee.path.length > 2)) {
    const base = callee.type === 'selector' ? callee.base : callee;
    throw badParameter(`expected selector identifier, got: *ast.${AST_NAMES[base.type]}`);
  }
  if (callee.type !== 'name') throw badParameter(`unknown function type *ast.${AST_NAMES[callee.type]}`);
  const name = callee.path.join('.');
  if (!Object.hasOwn(functions, name)) throw badParameter(`unsupported function: ${name}`);
  return functions[name] as RuleFunction;
}

function call({ parameters, variadic, run }: RuleFunction, args: readonly Operand[]): Operand {
  if (args.length < parameters.length) throw badParameter('reflect: Call with too few input arguments');
  if (args.length > parameters.length && !variadic) throw badParameter('reflect: Call with too many input arguments');
  args.forEach(({ type }, index) => {
    if (parameters[index] === 'string' && type !== 'string') throw mistyped(type, 'string');
  });
  return run(...args);
}

const mistyped = (type: string, wanted: string): Error => badParameter(`reflect: Call using ${type} as type ${wanted}`);

const JOINERS: Readonly<Record<string, (a: Predicate, b: Predicate) => boolean>> = {
  '!': (a) => !a(),
  '&&': (a, b) => a() && b(),
  '||': (a, b) => a() || b(),
};

function joiner(
  operator: string,
  known: readonly string[],
  { hasOperators }: RuleVocabulary,
): (...operands: Operand[]) => Operand {
  const join = hasOperators && known.includes(operator) ? JOINERS[operator] : undefined;
  if (!join) throw badParameter(`${operator} is not supported`);
  return (...operands) => {
    for (const { type } of operands) if (type !== PREDICATE) throw mistyped(type, PREDICATE);
    const [a, b] = operands.map(({ value }) => value as Predicate) as [Predicate, Predicate];
    return predicate(() => join(a, b));
  };
}

/** Of labels and traits; a key that is not there is an empty text, or no texts. */
function property(map: Operand, key: Operand): Operand {
  if (key.type !== 'string') throw badParameter('only string keys are supported');
  const name = key.value as string;
  if (map.type === 'map[string]string') return text((map.value as ReadonlyMap<string, string>).get(name) ?? '');
  if (map.type === 'wrappers.Traits') {
    const traits = map.value as ReadonlyMap<string, { readonly Values: readonly string[] }>;
    return { type: '[]string', value: traits.get(name)?.Values ?? [] };
  }
  // The real one writes down the whole value behind it, as Go would.
  throw badParameter(`type ${map.type} is not supported, but false ${JSON.stringify(map.value) ?? ''}`);
}
