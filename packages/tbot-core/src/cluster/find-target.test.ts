import type { Client } from '@teleport-ts/api-client';
import type { ListResourcesResponse } from '@teleport-ts/api-types/proto/teleport/proto/resources';
import { describe, expect, it } from 'vitest';
import { findTarget } from './find-target.ts';
import type { RouteKey } from './kept-routes.ts';
import { DISCOVERED_NAME_LABEL } from './resource-name.ts';

interface Answered {
  readonly name: string;
  readonly discovered?: string;
  readonly detail?: string;
}

/** A cluster that answers with these pages, whatever the predicate says. */
function answering(kind: RouteKey['kind'], ...pages: readonly (readonly Answered[])[]): Client {
  const listResources = async ({ StartKey }: { StartKey: string }): Promise<Partial<ListResourcesResponse>> => {
    const page = Number(StartKey ?? '');
    const Resources = (pages[page] ?? []).map((answered) => ({ resource: server(kind, answered) }) as never);
    return { Resources, NextKey: page + 1 < pages.length ? `${page + 1}` : '' };
  };
  return { service: () => ({ listResources }) } as unknown as Client;
}

function server(kind: RouteKey['kind'], { name, discovered, detail = '' }: Answered): unknown {
  const Metadata = {
    Name: name,
    Labels: new Map(discovered === undefined ? [] : [[DISCOVERED_NAME_LABEL, discovered]]),
  };
  switch (kind) {
    case 'application':
      return { $case: 'AppServer', value: { Spec: { App: { Metadata, Spec: { PublicAddr: detail } } } } };
    case 'database':
      return { $case: 'DatabaseServer', value: { Spec: { Database: { Metadata, Spec: { Protocol: detail } } } } };
    case 'kubernetes':
      return { $case: 'KubernetesServer', value: { Spec: { Cluster: { Metadata } } } };
  }
}

const key = (kind: RouteKey['kind'], name: string): RouteKey => ({ kind, name, roles: ['dev'], cluster: 'root' });

describe('findTarget', () => {
  it.each(['application', 'database', 'kubernetes'] as const)('takes no %s of another name', async (kind) => {
    const others = [
      { name: 'foobar' },
      { name: 'FOO' },
      { name: 'foo ' },
      { name: '' },
      { name: 'x', discovered: 'FOO' },
    ];
    const client = answering(
      kind,
      others.map((other) => ({ ...other, detail: 'x' })),
    );
    await expect(findTarget(client, key(kind, 'foo'))).rejects.toMatchObject({ code: 'not_found' });
    // Nor one of another kind.
    const another = kind === 'database' ? 'application' : 'database';
    await expect(
      findTarget(answering(another, [{ name: 'foo', detail: 'x' }]), key(kind, 'foo')),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('chooses alike among servers that differ', async () => {
    const two = [
      { name: 'foo', detail: 'b' },
      { name: 'foo', detail: 'a' },
    ];
    for (const servers of [two, two.toReversed()]) {
      expect(await findTarget(answering('application', servers), key('application', 'foo'))).toMatchObject({
        publicAddress: 'a',
      });
      expect(await findTarget(answering('database', servers), key('database', 'foo'))).toMatchObject({ protocol: 'a' });
    }
  });

  it('looks at all pages for the one that is called so', async () => {
    const found = [
      { name: 'one', discovered: 'foo' },
      { name: 'two', discovered: 'foo' },
    ];
    const exact = answering('kubernetes', found, [], [{ name: 'foo' }]);
    expect(await findTarget(exact, key('kubernetes', 'foo'))).toEqual({ kind: 'kubernetes', name: 'foo' });
    const ambiguous = answering('kubernetes', [found[0]!], [found[1]!]);
    await expect(findTarget(ambiguous, key('kubernetes', 'foo'))).rejects.toMatchObject({ code: 'bad_parameter' });
    const same = answering('kubernetes', [found[0]!], [found[0]!]);
    expect(await findTarget(same, key('kubernetes', 'foo'))).toEqual({ kind: 'kubernetes', name: 'one' });
  });

  it('does not listen for ever', async () => {
    let asked = 0;
    const listResources = async (): Promise<Partial<ListResourcesResponse>> => {
      asked++;
      return { Resources: [], NextKey: 'more' };
    };
    const client = { service: () => ({ listResources }) } as unknown as Client;
    await expect(findTarget(client, key('database', 'foo'))).rejects.toMatchObject({ code: 'not_found' });
    expect(asked).toBe(100);
  });
});
