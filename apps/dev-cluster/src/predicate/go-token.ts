/** A token of a Go expression; `kind` is Go's spelling of the token, literals and identifiers aside. */
export interface GoToken {
  readonly kind: string;
  /** As written, for identifiers and literals. */
  readonly text: string;
  readonly offset: number;
}

/** The text is no Go expression. */
export class GoSyntaxError extends Error {
  constructor(source: string, offset: number, message: string) {
    const before = source.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = before.split('\n').length;
    super(`${line}:${Buffer.byteLength(before.slice(lineStart)) + 1}: ${message}`);
    this.name = 'GoSyntaxError';
  }
}

const OPERATORS =
  '<<= >>= &^= ... && || <- ++ -- == != <= >= := += -= *= /= %= &= |= ^= << >> &^ + - * / % & | ^ < > = ! ( [ { , . ) ] } ; : ~'.split(
    ' ',
  );

const KEYWORDS = new Set(
  'break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select struct switch type var'.split(
    ' ',
  ),
);

const ENDS_OPERAND = new Set(['identifier', 'string', 'int', 'float', 'char', ')', ']', '}']);
const IDENTIFIER = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*)/y;
const FLOAT = /(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][+-]?[0-9]+)?|[0-9][0-9_]*[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const RUNE = /'(?:\\(?:[abfnrtv\\']|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|[^'\\\n])'/uy;

/** Splits a Go expression into tokens as Go's scanner does, newlines that end a statement included. */
export function scanGo(source: string): GoToken[] {
  const tokens: GoToken[] = [];
  let offset = 0;
  const fail = (at: number, message: string): never => {
    throw new GoSyntaxError(source, at, message);
  };
  const take = (kind: string, text: string): void => {
    tokens.push({ kind, text, offset });
    offset += text.length;
  };
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(source)?.[0];
  };
  const endStatement = (text: string): void => {
    if (ENDS_OPERAND.has(tokens.at(-1)?.kind ?? '')) tokens.push({ kind: ';', text, offset });
  };

  while (offset < source.length) {
    const char = source[offset] as string;
    if (char === '\n') {
      endStatement('\n');
      offset++;
    } else if (char === ' ' || char === '\t' || char === '\r') {
      offset++;
    } else if (source.startsWith('//', offset)) {
      const end = source.indexOf('\n', offset);
      offset = end === -1 ? source.length : end;
    } else if (source.startsWith('/*', offset)) {
      const end = source.indexOf('*/', offset + 2);
      if (end === -1) fail(offset, 'comment not terminated');
      offset = end + 2;
    } else if (char === '"') {
      take('string', interpretedString(source, offset, fail));
    } else if (char === '`') {
      const end = source.indexOf('`', offset + 1);
      if (end === -1) fail(offset, 'raw string literal not terminated');
      const text = source.slice(offset, end + 1);
      if (text.includes('\0')) fail(offset, 'illegal character NUL');
      take('string', text);
    } else if (char === "'") {
      take('char', match(RUNE) ?? fail(offset, 'illegal rune literal'));
    } else if (match(IDENTIFIER) !== undefined) {
      const text = match(IDENTIFIER) as string;
      take(KEYWORDS.has(text) ? text : 'identifier', text);
    } else if (match(FLOAT) !== undefined) {
      take('float', match(FLOAT) as string);
    } else if (match(NUMBER) !== undefined) {
      take('int', match(NUMBER) as string);
    } else if (char === '\ufeff') {
      if (offset > 0) fail(offset, 'illegal byte order mark');
      offset++;
    } else {
      const operator = OPERATORS.find((candidate) => source.startsWith(candidate, offset));
      if (operator === undefined) fail(offset, illegal(source, offset));
      take(operator as string, operator as string);
    }
  }
  endStatement('\n');
  tokens.push({ kind: 'EOF', text: '', offset });
  return tokens;
}

function illegal(source: string, offset: number): string {
  const code = source.codePointAt(offset) as number;
  if (code === 0) return 'illegal character NUL';
  return `illegal character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function interpretedString(source: string, start: number, fail: (at: number, message: string) => never): string {
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at];
    if (char === '\n') break;
    if (char === '"') return source.slice(start, at + 1);
    if (char === '\0') fail(at, 'illegal character NUL');
    if (char === '\ufeff') fail(at, 'illegal byte order mark');
    if (char === '\\') at++;
  }
  return fail(start, 'string literal not terminated');
}
