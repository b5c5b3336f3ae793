import type { WatchEvent } from '@teleport-ts/api-client/watch';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, it } from 'vitest';
import { targetChange } from './follow-targets.ts';
import { KeptRoutes } from './kept-routes.ts';
import type { Target } from './target.ts';

const named = (name: string, labels: Record<string, string> = {}) => ({
  Metadata: { Name: name, Labels: new Map(Object.entries(labels)) },
});
const put = ($case: string, Spec: object): WatchEvent =>
  ({ type: 'put', resource: { $case, value: { Spec } } }) as unknown as WatchEvent;
const deleted = (kind: string, name: string): WatchEvent =>
  ({ type: 'delete', resource: { kind, name, subKind: '', description: 'host', raw: {} } }) as unknown as WatchEvent;

describe('targetChange', () => {
  it('reads what is served, and under which names it may have been asked for', () => {
    expect(targetChange(put('AppServer', { App: { ...named('foo'), Spec: { PublicAddr: 'foo.test' } } }))).toEqual({
      kind: 'application',
      names: ['foo'],
      now: { kind: 'application', name: 'foo', publicAddress: 'foo.test' },
    });
    const discovered = { 'teleport.internal/discovered-name': 'pg' };
    const database = { ...named('pg-rds-eu', discovered), Spec: { Protocol: 'postgres' } };
    expect(targetChange(put('DatabaseServer', { Database: database }))).toEqual({
      kind: 'database',
      names: ['pg-rds-eu', 'pg'],
      now: { kind: 'database', name: 'pg-rds-eu', protocol: 'postgres' },
    });
    expect(targetChange(put('KubernetesServer', { Cluster: named('kube') }))?.now).toEqual({
      kind: 'kubernetes',
      name: 'kube',
    });
    expect(targetChange(deleted('app_server', 'foo'))).toEqual({ kind: 'application', names: ['foo'], now: undefined });
  });

  it('passes over what is none of these, or has no name', () => {
    const others = [
      deleted('role', 'foo'),
      put('Role', {}),
      put('AppServer', {}),
      { type: 'unknown', raw: {} } as never,
    ];
    expect(others.map(targetChange)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('a kept route', () => {
  const key = { roles: ['a'], cluster: 'root', kind: 'application', name: 'foo' } as const;
  const at = (publicAddress: string): Target => ({ kind: 'application', name: 'foo', publicAddress });

  async function kept(): Promise<KeptRoutes> {
    const routes = new KeptRoutes(new FakeClock());
    await routes.ask(key, async () => at('one'));
    await routes.ask({ ...key, name: 'bar' }, async () => at('bar'));
    return routes;
  }

  it('is forgotten when its resource is elsewhere, and doubted when it may be as it was', async () => {
    const routes = await kept();
    expect(routes.get(key)?.fresh).toBe(true);
    routes.told(key, at('one'));
    expect(routes.get(key)).toEqual({ target: at('one'), fresh: false });
    await routes.ask(key, async () => at('one'));
    routes.told(key, undefined);
    expect(routes.get(key)).toEqual({ target: at('one'), fresh: false });
    routes.told(key, at('two'));
    expect(routes.get(key)).toBeUndefined();
    routes.told({ ...key, roles: ['b'], name: 'bar' }, undefined);
    expect(routes.get({ ...key, name: 'bar' })?.fresh).toBe(true);
  });

  it('does not come from an answer that may be older than the change', async () => {
    const routes = await kept();
    let answer: (target: Target) => void = () => {};
    const early = routes.ask(key, () => new Promise<Target>((resolve) => (answer = resolve)));
    routes.told(key, at('two'));
    const late = routes.ask(key, async () => at('two'));
    answer(at('one'));
    expect(await Promise.all([early, late])).toEqual([at('one'), at('two')]);
    expect(routes.get(key)?.target).toEqual(at('two'));
  });
});
