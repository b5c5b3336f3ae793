import { statusOf } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileResourceExpression, matchesSearch, type PredicateResource } from './resource-expression.ts';

const foo: PredicateResource = {
  name: 'foo',
  labels: { env: 'demo', k: 'v"a\\l' },
  searchable: ['foo', 'env', 'demo', 'foo.localhost'],
  field: (path) => ({ 'spec.public_addr': 'foo.localhost', 'spec.uri': 'http://x' })[path.join('.')],
};

const matches = (expression: string, resource = foo): boolean => compileResourceExpression(expression)(resource);

const refusal = (expression: string): { code: number; message: string } => {
  try {
    matches(expression);
  } catch (error) {
    return statusOf(error);
  }
  throw new Error(`${expression} was accepted`);
};

describe('what a predicate may say', () => {
  it.each([
    ['name == "foo"', true],
    ['name != "foo"', false],
    ['"foo" == name', true],
    ['name == `foo`', true],
    ['labels["env"] == "demo" && !(name == "bar")', true],
    ['labels.env == "demo"', true],
    ['resource.metadata.labels["env"] == "demo"', true],
    ['resource.metadata.name == "foo"', true],
    ['resource.spec.public_addr == "foo.localhost"', true],
    ['labels["k"] == "v\\"a\\\\l"', true],
    ['labels["k"] == `v"a\\l`', true],
    ['equals(name, "foo") || equals(name, "bar")', true],
    ['hasPrefix(name, "fo")', true],
    ['exists(labels["nothing"])', false],
    ['search("DEMO", "local")', true],
    ['search("demo", "nowhere")', false],
    ['contains(split(resource.metadata.name, "o"), "f")', true],
    ['contains(name, "f")', false],
    ['health.status == ""', true],
    ['name == "x" || name == "foo" && name == "y"', false],
    ['name == "foo" // and a comment', true],
  ])('%s is %s', (expression, expected) => {
    expect(matches(expression)).toBe(expected);
  });
});

describe('what is refused', () => {
  it('calls a syntax error an unknown error, in the words of the real one', () => {
    expect(refusal('name == ')).toEqual({
      code: 2,
      message: "parsing expression\n\t1:9: expected operand, found 'EOF'",
    });
    for (const broken of [
      `name == 'foo'`,
      'name == "a\nb"',
      'name == "\\ud800"',
      'name == "\0"',
      '(name == "a"',
      '"',
    ]) {
      expect(refusal(broken).code, broken).toBe(2);
    }
  });

  it.each([
    ['foo == "x"', 'evaluating lhs of (==) operator\n\tidentifier foo is not defined'],
    ['foo', 'identifier foo is not defined'],
    [
      'resource.spec.nothing == "x"',
      'evaluating lhs of (==) operator\n\tidentifier resource.spec.nothing is not defined',
    ],
    [
      'name == 1',
      'parsing expression\n\tparsing rhs of (==) operator\n\t\texpected type string, got value (1) with type (int)',
    ],
    [
      'contains(resource.spec.x, "a")',
      'parsing expression\n\tparsing first argument to (contains)\n\t\texpected type []string, got expression returning type (interface {})',
    ],
    ['name', 'expression evaluated to unexpected type\n\texpected type bool, got expression returning type (string)'],
    ['nope(name)', 'parsing expression\n\tunsupported function: nope'],
    ['name + "x" == "foox"', 'parsing expression\n\t+ is not supported'],
    ['equals(name)', 'parsing expression\n\tfunction (equals) accepts 2 arguments, given 1'],
    ['constructor(name)', 'parsing expression\n\tunsupported function: constructor'],
  ])('%s: %s', (expression, message) => {
    expect(refusal(expression)).toEqual({ code: 3, message });
  });

  it('does not look at an unknown name behind a decided operator', () => {
    expect(matches('name == "foo" || nope == "x"')).toBe(true);
  });

  it('survives nesting that is too deep', () => {
    expect(refusal('('.repeat(100_000)).code).toBe(2);
    expect(() => matches(`${'!'.repeat(100_000)}(name == "foo")`)).toThrow();
  });
});

describe('injection', () => {
  it('works against a raw name, so that tests of clients can fail', () => {
    const raw = 'x" || name != "';
    expect(matches(`name == "${raw}"`)).toBe(true);
  });

  it('does not work against a name written as JSON, whatever the name', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^["`\\|&=! a-z]*$/)).filter(isSendable),
        (name) => {
          const expression = `name == ${JSON.stringify(name)}`;
          expect(matches(expression)).toBe(name === 'foo');
          expect(matches(expression, { ...foo, name })).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never fails with anything but a status, whatever is sent', () => {
    const fragments = [
      'name',
      'labels',
      '"a"',
      '`b`',
      '==',
      '!=',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '[',
      ']',
      '.',
      ',',
      '1',
      '\n',
      "'",
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...fragments), fc.string()), { maxLength: 12 }), (parts) => {
        try {
          expect(typeof matches(parts.join(' '))).toBe('boolean');
        } catch (error) {
          expect([2, 3]).toContain(statusOf(error).code);
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** What JSON and Go write differently; a client must refuse these names itself. */
function isSendable(name: string): boolean {
  return name.isWellFormed() && !name.includes('\ufeff');
}

describe('search words', () => {
  it('are found in any value, whatever their case', () => {
    expect(matchesSearch(['Foo', 'bar'], ['fo', 'BAR'])).toBe(true);
    expect(matchesSearch(['Foo', 'bar'], ['fo', 'baz'])).toBe(false);
    expect(matchesSearch([], [])).toBe(true);
  });
});
