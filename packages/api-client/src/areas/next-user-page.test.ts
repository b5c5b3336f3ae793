import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextUserPage } from './next-user-page.ts';

const name = fc.string({ unit: fc.constantFrom('a', 'b', '0', '1', '-', '.', 'é', '𝒳'), minLength: 1, maxLength: 4 });
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What clusters name as the place where the next page begins. */
const tokens: Readonly<Record<string, (last: string, next: string) => string>> = {
  'behind the next user, as 18.0 does': (_, next) => `${next}0`,
  'the next user': (_, next) => next,
  'behind the last user': (last) => `${last}\0`,
};

test.each(Object.entries(tokens))('each user is on one page, where a token is %s', (_, tokenOf) => {
  const lists = fc.uniqueArray(name, { maxLength: 12 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 5 }), (names, size) => {
      const users = [...names].sort(byBytes);
      const seen: string[] = [];
      let start = '';
      for (let pages = 0; pages <= users.length; pages += 1) {
        const from = users.filter((user) => byBytes(user, start) >= 0);
        const page = from.slice(0, size);
        seen.push(...page);
        const next = from[size];
        if (next === undefined) break;
        start = nextUserPage(tokenOf(page.at(-1)!, next), page.at(-1), start);
      }
      expect(seen).toEqual(users);
    }),
    { numRuns: 300 },
  );
});
