import { describe, expect, it } from 'vitest';
import { mapRoles } from './role-map.ts';

const map = (entries: Record<string, string[]>) =>
  Object.entries(entries).map(([Remote, Local]) => ({ Remote, Local }));

describe('a role map', () => {
  it('gives local roles for remote ones by name, each once', () => {
    const roleMap = map({ deployer: ['deployer', 'viewer'], auditor: ['viewer'] });
    expect(mapRoles(roleMap, ['auditor', 'deployer'])).toEqual(['deployer', 'viewer']);
    expect(mapRoles(roleMap, ['nosuch', 'deployers', 'Deployer'])).toEqual([]);
  });

  it('takes a dot for a dot', () => {
    expect(mapRoles(map({ 'a.b': ['x'] }), ['a.b'])).toEqual(['x']);
    expect(mapRoles(map({ 'a.b': ['x'] }), ['acb'])).toEqual([]);
  });

  it('fills in what globs and expressions matched', () => {
    expect(mapRoles(map({ 'remote-*': ['local-$1'] }), ['remote-dev', 'other'])).toEqual(['local-dev']);
    const expression = '^([a-z]+)-(?:dev|ops)$';
    // biome-ignore lint/suspicious/noTemplateCurlyInString: how Go writes it too
    expect(mapRoles(map({ [expression]: ['${1}x', 'to-$2'] }), ['team-dev'])).toEqual(['teamx', 'to-']);
    // As in Go, a name is as long as it can be: there is no group `1x`.
    expect(mapRoles(map({ '*': ['$1x', '$$'] }), ['dev'])).toEqual(['$']);
  });

  it('maps those without roles where everything is mapped, and never the implicit role', () => {
    expect(mapRoles(map({ '*': ['guest'] }), [])).toEqual(['guest']);
    expect(mapRoles(map({ '*': ['guest'] }), ['default-implicit-role'])).toEqual([]);
    expect(mapRoles(map({ deployer: ['guest'] }), [])).toEqual([]);
  });

  it('passes over an expression that is none', () => {
    expect(mapRoles(map({ '^(x$': ['a'], x: ['b'] }), ['x', '^(x$'])).toEqual(['b']);
  });
});
