import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { GrpcCode } from '@teleport-ts/api-types';
import { roleView } from '@teleport-ts/api-types/resources/role';
import { describe, expect, test } from 'vitest';
import { startAreaCluster } from '../../test-support/area-cluster.ts';
import { DIAGNOSTICS } from '../status/diagnostics.ts';
import { FakeClock, FakeCluster } from '../testing/index.ts';
import { type WatchEvent, watch } from './index.ts';

const role = (name: string) => ({ $case: 'Role' as const, value: { Kind: 'role', Metadata: { Name: name } } });
const nameOf = (event: WatchEvent): string =>
  event.type === 'put' && event.resource.$case === 'Role'
    ? `put ${roleView(event.resource.value).name}`
    : event.type === 'delete'
      ? `delete ${event.resource.kind} ${event.resource.name}`
      : event.type;

describe('a watch', () => {
  test('tells what changes after it was confirmed', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    const changes = await watch(client, ['role', { kind: 'access_request', filter: { user: 'alice' } }]);
    expect(changes.confirmed).toMatchObject([
      { kind: 'role', filter: {} },
      { kind: 'access_request', filter: { user: 'alice' } },
    ]);
    cluster.events.put(role('deployer'));
    cluster.events.delete({ kind: 'role', name: 'deployer' });
    const seen: string[] = [];
    for await (const change of changes) {
      seen.push(nameOf(change));
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['put deployer', 'delete role deployer']);
    // Leaving the loop has ended the watch.
    expect(cluster.events.watchers).toBe(0);
  });

  test('throws when it breaks, and when the cluster just ends it', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    for (const [error, code] of [
      [{ code: GrpcCode.UNAVAILABLE, message: 'gone' }, 'connection_problem'],
      [{ code: GrpcCode.UNKNOWN, message: 'event fanout system reset' }, 'unknown'],
    ] as const) {
      const changes = await watch(client, ['role']);
      cluster.events.cut(error);
      await expect(changes[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
    }
  });

  test('ends without an error when it is closed, and with the reason of its signal', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    const changes = await watch(client, ['role']);
    const next = changes[Symbol.asyncIterator]().next();
    await changes.close();
    await changes.close();
    expect(await next).toEqual({ done: true, value: undefined });

    const controller = new AbortController();
    const aborted = await watch(client, ['role'], { signal: controller.signal });
    const reason = new Error('enough');
    const pending = aborted[Symbol.asyncIterator]().next();
    controller.abort(reason);
    await expect(pending).rejects.toBe(reason);
    expect(cluster.events.watchers).toBe(0);
    await expect(watch(client, ['role'], { signal: controller.signal })).rejects.toBe(reason);
  });

  test('can be read once', async () => {
    const cluster = new FakeCluster();
    await using client = cluster.connect();
    await using changes = await watch(client, ['role']);
    cluster.events.put(role('deployer'));
    const reader = changes[Symbol.asyncIterator]();
    await reader.next();
    expect(() => changes[Symbol.asyncIterator]()).toThrow('can be read once');
  });

  test('is given up when the cluster does not confirm it', async () => {
    const clock = new FakeClock(Date.now());
    const cluster = new FakeCluster({ clock });
    await using client = cluster.connect();
    cluster.faults.next('WatchEvents', { delayMs: 60_000 });
    const opening = watch(client, ['role'], { clock, timeoutMs: 5_000 });
    const late = expect(opening).rejects.toMatchObject({ code: 'timeout', retryable: true });
    await clock.advance(5_000);
    await late;
  });

  test('is published, and nothing of its resources', async () => {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => void messages.push(message);
    subscribe(DIAGNOSTICS.watch, listener);
    try {
      const cluster = new FakeCluster();
      await using client = cluster.connect();
      const changes = await watch(client, ['role']);
      cluster.events.put(role('secret-name'));
      for await (const _ of changes) break;
      const broken = await watch(client, ['role']);
      cluster.events.cut();
      await expect(broken[Symbol.asyncIterator]().next()).rejects.toThrow();
    } finally {
      unsubscribe(DIAGNOSTICS.watch, listener);
    }
    expect(messages).toMatchObject([
      { event: 'start', kinds: ['role'], attempt: 1 },
      { event: 'end', kinds: ['role'], events: 1 },
      { event: 'start', kinds: ['role'], attempt: 1 },
      { event: 'error', code: 'connection_problem', events: 0 },
    ]);
    expect(JSON.stringify(messages)).not.toContain('secret-name');
  });
});

describe('a watch of a cluster', () => {
  test('is refused, or granted in part', async () => {
    await using it = await startAreaCluster();
    await expect(watch(it.guest, ['role'])).rejects.toMatchObject({ code: 'access_denied' });
    await expect(watch(it.client, ['nonsense'])).rejects.toMatchObject({ code: 'bad_parameter' });
    await using some = await watch(it.client, ['role', 'nonsense'], { partial: true });
    expect(some.confirmed.map(({ kind }) => kind)).toEqual(['role']);
    it.cluster.upsertRole({ name: 'deployer' });
    for await (const change of some) {
      expect(nameOf(change)).toBe('put deployer');
      break;
    }
  });

  test('that is reset says that changes may have been missed', async () => {
    await using it = await startAreaCluster();
    const changes = await watch(it.client, ['role']);
    const next = changes[Symbol.asyncIterator]().next();
    it.cluster.resetWatches();
    await expect(next).rejects.toMatchObject({ code: 'connection_problem', retryable: true });
  });
});
