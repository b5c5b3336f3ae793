import { statusOf } from '@teleport-ts/api-types';
import { describe, expect, it } from 'vitest';
import { compileLabelExpression } from './label-expression.ts';

const environment = {
  labels: { env: 'dev', team: 'a', 'team-lead': 'b' },
  traits: { team: ['a', 'b'], email: ['Ann <ann@example.com>', 'bob@example.com'] },
};
const matches = (source: string): boolean => compileLabelExpression(source)(environment);

describe('label expressions', () => {
  it.each([
    ['labels["env"] == "dev"', true],
    ['labels.env != "dev"', false],
    ['labels.nothing == ""', true],
    ['contains(user.spec.traits["team"], labels["team"])', true],
    ['contains(user.spec.traits.nothing, "a")', false],
    ['contains("a", "a")', true],
    ['contains_any(user.spec.traits.team, labels_matching("team*"))', true],
    ['contains_all(user.spec.traits.team, labels_matching("^team.*$"))', true],
    ['contains_all(user.spec.traits.team, labels_matching("nothing"))', false],
    ['regexp.match(labels.env, "^d.v$")', true],
    ['regexp.match(labels.env, "d*")', true],
    ['regexp.match(labels.env, "d.v")', false],
    ['contains(regexp.replace(user.spec.traits.email, "^(.*)@example.com$", "$1"), "bob")', true],
    ['contains(email.local(user.spec.traits.email), "ann")', true],
    ['contains(strings.upper(labels.env), "DEV") && !contains(strings.lower("X"), "X")', true],
  ])('%s is %s', (source, expected) => {
    expect(matches(source)).toBe(expected);
  });

  it.each([
    ['"', 2],
    ['labels', 3],
    ['name == "x"', 3],
    ['set("a") == "x"', 3],
    ['contains(user.spec.traits, "a")', 3],
  ])('%s is refused', (source, code) => {
    let refusal: unknown;
    try {
      compileLabelExpression(source);
    } catch (error) {
      refusal = error;
    }
    expect(statusOf(refusal).code).toBe(code);
  });
});
