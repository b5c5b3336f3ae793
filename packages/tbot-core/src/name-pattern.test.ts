import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesPattern } from './name-pattern.ts';

/** The same question, asked of a regular expression. */
function oracle(pattern: string, name: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('[\\s\\S]*');
  return new RegExp(`^${source}$`).test(name);
}

test.each([
  ['grafana', 'grafana', true],
  ['grafana', 'grafana2', false],
  ['ci-*', 'ci-', true],
  ['ci-*', 'xci-a', false],
  ['*', '', true],
  ['a*a', 'a', false],
  ['*-db-*', 'x-db-y', true],
  ['a.b', 'axb', false],
])('%s against %s: %s', (pattern, name, matches) => {
  expect(matchesPattern(pattern, name)).toBe(matches);
});

test('agrees with a regular expression on any pattern and name', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '.', '\\', '$'), maxLength: 12 });
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      expect(matchesPattern(pattern, name)).toBe(oracle(pattern, name));
    }),
    { numRuns: 2000 },
  );
});

test('a pattern full of stars takes no time on a long name', () => {
  const calls = matchesPattern(`${'a*'.repeat(60)}b`, 'a'.repeat(20_000));
  expect(calls).toBe(false);
});
