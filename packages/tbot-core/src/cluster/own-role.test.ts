import { describe, expect, it } from 'vitest';
import { offendingRoles, RolesRefusedError } from './own-role.ts';

describe('offendingRoles', () => {
  it('are those that nothing in the list stands for', () => {
    expect(offendingRoles(['a', 'b', 'c'], ['a', 'c'])).toEqual(['b']);
    expect(offendingRoles([], ['a'])).toEqual([]);
    expect(offendingRoles(['a'], [])).toEqual(['a']);
  });

  it('know that a star stands for any text, and that nothing else stands for more than itself', () => {
    expect(offendingRoles(['dev-a', 'dev', 'prod-a'], ['dev-*'])).toEqual(['dev', 'prod-a']);
    expect(offendingRoles(['anything'], ['*'])).toEqual([]);
    expect(offendingRoles(['abc', 'a.c', 'a.cd'], ['a.c', 'a.c*e'])).toEqual(['abc', 'a.cd']);
  });
});

describe('RolesRefusedError', () => {
  it('names the offending roles and what is possible instead', () => {
    const error = new RolesRefusedError(['x', 'y'], ['a', 'b']);
    expect(error.message).toBe('the bot may not impersonate the roles "x", "y"');
    expect(error.hint).toBe('it may impersonate: a, b');
    expect(error.offendingRoles).toEqual(['x', 'y']);
  });
});
