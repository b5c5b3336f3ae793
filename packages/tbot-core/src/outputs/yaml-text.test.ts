import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { yamlText } from './yaml-text.ts';

test.each(['a\u0085b', 'a\u2028b', 'x\u009b31m', '\ufeff', 'a: b', '- a', '#', '"', 'a\nb', '', 'no', '--flag=x'])(
  '%j is one text on one line, and the same to a reader',
  (text) => {
    const written = yamlText(text);
    expect(written).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff]/);
    for (const version of ['1.1', '1.2'] as const) {
      expect(parse(`key: ${written}\nnext: 1\n`, { version })).toEqual({ key: text, next: 1 });
    }
  },
);

test('any text is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(parse(`key: ${yamlText(text)}\nnext: 1\n`)).toEqual({ key: text, next: 1 });
    }),
    { numRuns: 100 },
  );
});
