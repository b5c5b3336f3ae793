import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTeleportError } from './teleport-error.ts';
import { formatTraits, parseTraits } from './traits.ts';

const traits = fc.dictionary(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }));

describe('traits', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(traits, (value) => {
        expect(parseTraits(formatTraits(value))).toEqual({ ...value });
      }),
    );
  });

  it('are written as Teleport writes them', () => {
    expect(formatTraits({})).toBe('null');
    expect(formatTraits({ b: [], a: ['x', '<&>\u2028'] })).toBe('{"a":["x","\\u003c\\u0026\\u003e\\u2028"],"b":null}');
  });

  it.each(['null', '{}', ''])('are empty in %j', (text) => {
    expect(parseTraits(text)).toEqual({});
  });

  it('are read from the protobuf form of old certificates', () => {
    // { logins: ["root", "ci"], empty: [] }
    const bytes =
      '0a14' + '0a066c6f67696e73' + '120a' + '0a04726f6f74' + '0a026369' + '0a09' + '0a05656d707479' + '1200';
    expect(parseTraits(Buffer.from(bytes, 'hex').toString())).toEqual({ logins: ['root', 'ci'], empty: [] });
  });

  it.each(['[]', '1', '{"a":"b"}', '{"a":[1]}', 'hello', '\n\u0005a'])('are refused in %j', (text) => {
    expect(() => parseTraits(text)).toThrow('malformed traits');
  });

  it('never do worse than be refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        try {
          parseTraits(text);
        } catch (error) {
          if (!isTeleportError(error, 'bad_parameter')) throw error;
        }
      }),
    );
  });
});
