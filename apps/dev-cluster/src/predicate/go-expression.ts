import { unquoteGo } from './go-string.ts';
import { GoSyntaxError, type GoToken, scanGo } from './go-token.ts';

export { GoSyntaxError } from './go-token.ts';

/** The part of Go's expressions that a predicate may use. */
export type GoExpression =
  | { readonly type: 'binary'; readonly operator: string; readonly left: GoExpression; readonly right: GoExpression }
  | { readonly type: 'unary'; readonly operator: string; readonly operand: GoExpression }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'number'; readonly value: number; readonly integer: boolean }
  | { readonly type: 'char' }
  | { readonly type: 'name'; readonly path: readonly string[] }
  /** A field of what is no name: `"a".b`. */
  | { readonly type: 'selector'; readonly base: GoExpression; readonly field: string }
  | { readonly type: 'index'; readonly base: GoExpression; readonly key: GoExpression }
  | { readonly type: 'call'; readonly callee: GoExpression; readonly args: readonly GoExpression[] };

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  ...Object.fromEntries('== != < <= > >='.split(' ').map((operator) => [operator, 3])),
  ...Object.fromEntries('+ - | ^'.split(' ').map((operator) => [operator, 4])),
  ...Object.fromEntries('* / % << >> & &^'.split(' ').map((operator) => [operator, 5])),
};

const LITERALS = new Set(['identifier', 'string', 'int', 'float', 'char']);
/** Deeper nesting is refused, so that an expression cannot exhaust the stack. */
const MAX_DEPTH = 500;

/**
 * Parses one Go expression, with the words of Go's parser for what is wrong.
 *
 * @throws GoSyntaxError
 */
export function parseGoExpression(source: string): GoExpression {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly GoToken[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = scanGo(source);
  }

  parse(): GoExpression {
    const expression = this.#binary(1);
    if (this.#token.kind === ';' && this.#token.text === '\n') this.#at++;
    if (this.#token.kind !== 'EOF') throw this.#expected("'EOF'");
    return expression;
  }

  get #token(): GoToken {
    return this.#tokens[this.#at] as GoToken;
  }

  #next(): GoToken {
    return this.#tokens[this.#at++] as GoToken;
  }

  #expected(what: string): GoSyntaxError {
    const { kind, text, offset } = this.#token;
    const found = kind === ';' && text === '\n' ? 'newline' : LITERALS.has(kind) ? text : `'${kind}'`;
    return new GoSyntaxError(this.#source, offset, `expected ${what}, found ${found}`);
  }

  #take(kind: string): GoToken {
    if (this.#token.kind !== kind) throw this.#expected(kind === 'identifier' ? "'IDENT'" : `'${kind}'`);
    return this.#next();
  }

  #binary(minimum: number): GoExpression {
    let left = this.#unary();
    for (;;) {
      const operator = this.#token.kind;
      const precedence = PRECEDENCE[operator];
      if (precedence === undefined || precedence < minimum) return left;
      this.#next();
      left = { type: 'binary', operator, left, right: this.#binary(precedence + 1) };
    }
  }

  #unary(): GoExpression {
    if (++this.#depth > MAX_DEPTH) {
      throw new GoSyntaxError(this.#source, this.#token.offset, 'exceeded max nesting depth');
    }
    try {
      const operator = this.#token.kind;
      if (!['!', '-', '+', '^', '&', '*', '<-'].includes(operator)) return this.#primary();
      this.#next();
      return { type: 'unary', operator, operand: this.#unary() };
    } finally {
      this.#depth--;
    }
  }

  #primary(): GoExpression {
    let expression = this.#operand();
    for (;;) {
      switch (this.#token.kind) {
        case '.': {
          this.#next();
          const field = this.#take('identifier').text;
          const base: GoExpression = expression;
          expression =
            base.type === 'name' ? { type: 'name', path: [...base.path, field] } : { type: 'selector', base, field };
          break;
        }
        case '[': {
          this.#next();
          const key = this.#binary(1);
          this.#take(']');
          expression = { type: 'index', base: expression, key };
          break;
        }
        case '(':
          this.#next();
          expression = { type: 'call', callee: expression, args: this.#args() };
          break;
        default:
          return expression;
      }
    }
  }

  #args(): GoExpression[] {
    const args: GoExpression[] = [];
    while (this.#token.kind !== ')' && this.#token.kind !== 'EOF') {
      args.push(this.#binary(1));
      if (this.#token.kind !== ',') break;
      this.#next();
    }
    this.#take(')');
    return args;
  }

  #operand(): GoExpression {
    const token = this.#token;
    switch (token.kind) {
      case 'identifier':
        this.#next();
        return { type: 'name', path: [token.text] };
      case 'string': {
        const value = unquoteGo(token.text);
        if (value === undefined) throw new GoSyntaxError(this.#source, token.offset, 'unknown escape sequence');
        this.#next();
        return { type: 'string', value };
      }
      case 'int':
      case 'float':
        this.#next();
        return { type: 'number', value: Number(token.text.replaceAll('_', '')), integer: token.kind === 'int' };
      case 'char':
        this.#next();
        return { type: 'char' };
      case '(': {
        this.#next();
        const inner = this.#binary(1);
        this.#take(')');
        return inner;
      }
      default:
        throw this.#expected('operand');
    }
  }
}
