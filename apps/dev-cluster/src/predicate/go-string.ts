const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92, '"': 34 };
const ESCAPE = /\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The value of a Go string literal (`"…"` or backquoted), or undefined if an escape in it is not one of Go's. */
export function unquoteGo(literal: string): string | undefined {
  const body = literal.slice(1, -1);
  if (literal.startsWith('`')) return body.replaceAll('\r', '');
  // Bytes, since \x and octal escapes write single ones.
  const parts: Buffer[] = [];
  let offset = 0;
  while (offset < body.length) {
    const backslash = body.indexOf('\\', offset);
    if (backslash === -1) break;
    parts.push(Buffer.from(body.slice(offset, backslash)));
    ESCAPE.lastIndex = backslash;
    const found = ESCAPE.exec(body);
    const bytes = found && escapeBytes(found);
    if (!bytes) return undefined;
    parts.push(bytes);
    offset = backslash + found[0].length;
  }
  parts.push(Buffer.from(body.slice(offset)));
  return Buffer.concat(parts).toString();
}

function escapeBytes([, simple, octal, hex, short, long]: RegExpExecArray): Buffer | undefined {
  if (simple !== undefined) return Buffer.of(SIMPLE[simple] as number);
  if (octal !== undefined) {
    const value = Number.parseInt(octal, 8);
    return value > 255 ? undefined : Buffer.of(value);
  }
  if (hex !== undefined) return Buffer.of(Number.parseInt(hex, 16));
  const code = Number.parseInt((short ?? long) as string, 16);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code > 0x10ffff || isSurrogate ? undefined : Buffer.from(String.fromCodePoint(code));
}
