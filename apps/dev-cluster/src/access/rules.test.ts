import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { roleFrom } from '../state/role-fields.ts';
import { checkRules, type Verb } from './rules.ts';

const KINDS = ['role', 'token', 'user', 'node'];
const VERBS = ['list', 'read', 'readnosecrets', 'create', 'update', 'delete'] as const satisfies readonly Verb[];

const rule = fc.record({
  resources: fc.subarray([...KINDS, '*'], { minLength: 1 }),
  verbs: fc.subarray([...VERBS, '*'], { minLength: 1, maxLength: 3 }),
});
const held = fc.array(fc.record({ allow: fc.array(rule, { maxLength: 2 }), deny: fc.array(rule, { maxLength: 1 }) }), {
  maxLength: 3,
});

type Rules = readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];

/** All pairs of kind and verb that rules speak of, written out. */
function pairsOf(rules: Rules): Set<string> {
  const pairs = rules.flatMap(({ resources, verbs }) =>
    (resources.includes('*') ? KINDS : resources).flatMap((kind) =>
      (verbs.includes('*') ? VERBS : verbs).flatMap((verb) =>
        (verb === 'read' ? ['read', 'readnosecrets'] : [verb]).map((each) => `${each} ${kind}`),
      ),
    ),
  );
  return new Set(pairs);
}

const EVERYBODY = new Set(['list node', 'read node', 'readnosecrets node']);

it('grants what the rules allow and none denies, and names all that is missing', () => {
  let granted = 0;
  fc.assert(
    fc.property(held, fc.constantFrom(...KINDS), fc.subarray([...VERBS], { minLength: 1 }), (roles, kind, verbs) => {
      const allowed = [...pairsOf(roles.flatMap(({ allow }) => allow)), ...EVERYBODY];
      const denied = pairsOf(roles.flatMap(({ deny }) => deny));
      const usable = new Set(allowed.filter((pair) => !denied.has(pair)));
      const missing = verbs.filter((verb) => !usable.has(`${verb} ${kind}`));
      const resources = roles.map(({ allow, deny }, index) =>
        roleFrom({ name: `r${index}`, allow: { rules: allow }, deny: { rules: deny } }),
      );
      if (missing.length === 0) granted++;
      expect(refusal(() => checkRules(resources, kind, verbs))).toBe(
        missing.map((verb) => `access denied to perform action "${verb}" on "${kind}"`).join(', '),
      );
    }),
    { numRuns: 1000 },
  );
  expect(granted).toBeGreaterThan(50);
});

function refusal(check: () => void): string {
  try {
    check();
    return '';
  } catch (error) {
    if (!isTeleportError(error, 'access_denied')) throw error;
    return error.message;
  }
}
