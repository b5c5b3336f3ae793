import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namePredicate } from './resource-name.ts';

/** A string literal of Go, as far as JSON writes one; undefined for what Go's parser does not take. */
function goLiteral(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined;
  let value = '';
  for (let i = 1; i < text.length; i++) {
    const char = text[i]!;
    if (char === '"') return i === text.length - 1 ? value : undefined;
    if (char < ' ' || char === '\ufeff') return undefined;
    if (char !== '\\') {
      value += char;
      continue;
    }
    const letter = text[++i]!;
    const simple = { '"': '"', '\\': '\\', n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }[letter];
    if (simple !== undefined) value += simple;
    else if (letter === 'u') {
      const code = Number.parseInt(text.slice(i + 1, i + 5), 16);
      if (Number.isNaN(code) || (code >= 0xd800 && code <= 0xdfff)) return undefined;
      value += String.fromCharCode(code);
      i += 4;
    } else return undefined;
  }
  return undefined;
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '`', "'", ' ', '|', '&', '=', '!', 'n', 'u', '\n', '\0', '\u2028', '😀', 'é'),
  }),
);

describe('namePredicate', () => {
  it('is one comparison with one literal that means exactly the name', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        fc.pre(name !== '' && !name.includes('\ufeff') && !/\p{Surrogate}/u.test(name));
        const predicate = namePredicate('application', name);
        expect(predicate.startsWith('name == ')).toBe(true);
        expect(goLiteral(predicate.slice('name == '.length))).toBe(name);
      }),
      { numRuns: process.env.SOAK ? 10_000 : 500 },
    );
  });

  it('refuses what no literal can hold', () => {
    for (const name of ['', '\ud800', 'a\udfff', '\ufeff', 'a\ufeff']) {
      expect(() => namePredicate('application', name)).toThrow(/application/);
    }
  });
});
