import { CREDENTIAL_KINDS, type CredentialKind } from '@teleport-ts/tbot-core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { admit, type CredentialRequest, type SocketPolicy } from './admit.ts';

const MINUTE = 60_000;
/** Names of things, pieces of predicates and of patterns among them. */
const NAMES = ['a', 'a', 'b', 'ci-a', 'ci-b', '', '*', 'ci-*', '" || "', 'a" || name != "', 'a\n', `a${'\u0000'}`];

const option = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 1 });
const patterns = option(fc.subarray(['a', 'b', 'ci-*', 'c*b', '*'], { minLength: 1 }));

const policies = fc.record({
  roles: fc.oneof(fc.constant([]), fc.subarray(['r1', 'r2', 'r3'])),
  kinds: fc.oneof(fc.constant(CREDENTIAL_KINDS), fc.subarray<CredentialKind>([...CREDENTIAL_KINDS])),
  application: patterns,
  database: patterns,
  kubernetes: patterns,
  clusters: option(fc.subarray(['root', 'leaf'], { minLength: 1 })),
  maxMs: fc.integer({ min: MINUTE, max: 100 * MINUTE }),
  defaultMs: fc.integer({ min: MINUTE, max: 100 * MINUTE }),
});

const account = option(fc.constantFrom('reader', '*', '" || "', 'a\n'));
const targets: fc.Arbitrary<{ kind: CredentialKind; name: string; account: string | undefined }> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('identity' as const),
    name: fc.constantFrom('', '', '', 'a'),
    account: fc.constantFrom(undefined, undefined, 'reader'),
  }),
  fc.record({
    kind: fc.constantFrom('application' as const, 'kubernetes' as const),
    name: fc.constantFrom(...NAMES),
    account: fc.constantFrom(undefined, undefined, 'reader'),
  }),
  fc.record({ kind: fc.constantFrom('database' as const), name: fc.constantFrom(...NAMES), account }),
);

const wishes = fc.record({
  target: targets,
  roles: fc.oneof(fc.subarray(['r1', 'r2']), fc.array(fc.constantFrom('r1', 'r2', 'r3', '*', ''), { maxLength: 4 })),
  cluster: fc.constantFrom('', '', 'root', 'leaf', 'other'),
  ttlMs: option(fc.integer({ min: -10 * MINUTE, max: 200 * MINUTE })),
});

/** What the patterns above mean, said another way. */
const FITS: Record<string, (name: string) => boolean> = {
  a: (name) => name === 'a',
  b: (name) => name === 'b',
  'ci-*': (name) => name.startsWith('ci-'),
  'c*b': (name) => name.length > 1 && name.startsWith('c') && name.endsWith('b'),
  '*': () => true,
};

type Policy = typeof policies extends fc.Arbitrary<infer T> ? T : never;
type Wish = typeof wishes extends fc.Arbitrary<infer T extends { target: object }> ? T & T['target'] : never;

/** Rule by rule as the contract states them, none of them knowing of another. */
function oracle(policy: Policy, wish: Wish): boolean {
  const plain = (text: string): boolean => text !== '' && ![...text].some((letter) => letter < ' ');
  const wellFormed =
    wish.roles.every(plain) &&
    (wish.account === undefined || (wish.kind === 'database' && plain(wish.account))) &&
    (wish.kind === 'identity' ? wish.name === '' : plain(wish.name));
  const limits = wish.kind === 'identity' ? undefined : policy[wish.kind];
  return [
    wellFormed,
    policy.kinds.includes(wish.kind),
    limits === undefined || limits.some((pattern) => FITS[pattern]!(wish.name)),
    policy.clusters === undefined || (policy.clusters as string[]).includes(wish.cluster || 'root'),
    policy.roles.length === 0 || wish.roles.every((role) => (policy.roles as string[]).includes(role)),
    wish.ttlMs === undefined || wish.ttlMs >= MINUTE,
  ].every(Boolean);
}

test('what is admitted lies within the policy, and what lies within is admitted', () => {
  const seen = { identity: 0, application: 0, database: 0, kubernetes: 0, refused: 0 };
  fc.assert(
    fc.property(policies, wishes, (policy, { target, ...rest }) => {
      const wish: Wish = { target, ...target, ...rest };
      const { roles, kinds, application, database, kubernetes, clusters, maxMs, defaultMs } = policy;
      const { account, ttlMs, kind, name, cluster } = wish;
      const subject: SocketPolicy = {
        roles,
        kinds,
        names: {
          ...(application && { application }),
          ...(database && { database }),
          ...(kubernetes && { kubernetes }),
        },
        ...(clusters && { clusters }),
        ttl: { defaultMs, maxMs, maxName: 'cap', minMs: MINUTE },
      };
      const request: CredentialRequest = {
        kind,
        name,
        cluster,
        roles: wish.roles,
        ...(account !== undefined && { username: account, database: account }),
        ...(ttlMs !== undefined && { ttlMs }),
      };
      const result = admit(subject, request, 'root');
      expect(result.admitted).toBe(oracle(policy, wish));
      seen[result.admitted ? wish.kind : 'refused'] += 1;
      if (!result.admitted) {
        const { message, hint = '', code } = result.refusal;
        expect(['access_denied', 'bad_parameter']).toContain(code);
        // Nothing of a caller's goes out raw, into a terminal or a log.
        expect(`${message}${hint}`).not.toMatch(/[\u0000-\u001f]/);
        return;
      }
      const { roles: granted = [], ttl, ...given } = result.request;
      expect(given).toEqual({
        kind: wish.kind,
        name: wish.name,
        ...(account !== undefined && { username: account, database: account }),
        cluster: wish.cluster || 'root',
        confined: !(kinds as string[]).includes('identity'),
      });
      expect(new Set(granted)).toEqual(new Set(wish.roles.length > 0 ? wish.roles : roles));
      expect(ttl.effectiveMs).toBe(Math.min(ttlMs ?? defaultMs, maxMs));
      expect(ttl.cutBy).toBe(ttlMs !== undefined && ttlMs > maxMs ? 'cap' : undefined);
    }),
    { numRuns: process.env.SOAK ? 100_000 : 2500 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
});
