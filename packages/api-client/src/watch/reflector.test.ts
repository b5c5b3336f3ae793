import { newRole, type Role } from '@teleport-ts/api-types/resources/role';
import type { DevCluster } from '@teleport-ts/dev-cluster';
import { describe, expect, test } from 'vitest';
import { clientOf, startAreaCluster } from '../../test-support/area-cluster.ts';
import { until } from '../../test-support/until.ts';
import { deleteRole, listRoles, upsertRole } from '../areas/roles.ts';
import type { Client } from '../index.ts';
import { FakeClock } from '../testing/index.ts';
import {
  type Reflector,
  type ReflectorChange,
  reflector,
  type WatchedKind,
  watchedCertAuthorities,
  watchedRoles,
} from './index.ts';

const atOnce = { random: () => 0 };
const names = (roles: Iterable<Role>): string[] => Array.from(roles, ({ name }) => name).sort();

/** Reads the changes of a reflector into a list for as long as it lives. */
function changesOf<T>(copy: Reflector<T>): { readonly seen: ReflectorChange<T>[]; readonly over: Promise<unknown> } {
  const seen: ReflectorChange<T>[] = [];
  const over = (async () => {
    for await (const change of copy.changes()) seen.push(change);
  })().catch((error: unknown) => error);
  return { seen, over };
}

const said = (seen: readonly ReflectorChange<Role>[]): string[] =>
  seen.map((change) => ('key' in change ? `${change.type} ${change.key}` : change.type));

describe('a reflector', () => {
  test('has what the cluster has, and follows it', async () => {
    await using it = await startAreaCluster();
    await using roles = reflector(it.client, watchedRoles(), {
      indexes: { byLogin: ({ allow }) => allow.logins },
    });
    expect(roles.isSynced).toBe(false);
    await roles.synced({ timeoutMs: 10_000 });
    expect(names(roles.values())).toEqual(expect.arrayContaining(['guest', 'root']));
    const { seen, over } = changesOf(roles);
    await upsertRole(it.client, newRole({ name: 'deployer', allow: { logins: ['deploy'] } }));
    await until(() => roles.get('deployer') !== undefined);
    expect(roles.index('byLogin', 'deploy').map(({ name }) => name)).toEqual(['deployer']);
    await upsertRole(it.client, newRole({ name: 'deployer', allow: { logins: ['other'] } }));
    await until(() => roles.index('byLogin', 'deploy').length === 0);
    expect(names(roles.index('byLogin', 'other'))).toEqual(['deployer']);
    await deleteRole(it.client, 'deployer');
    await until(() => roles.get('deployer') === undefined);
    expect(roles.index('byLogin', 'other')).toEqual([]);
    expect(() => roles.index('byColor', 'red')).toThrow('no index byColor');
    await roles.close();
    expect(await over).toBeUndefined();
    expect(said(seen).slice(-3)).toEqual(['add deployer', 'update deployer', 'delete deployer']);
  });

  test('finds after a break what was deleted, changed and made meanwhile', async () => {
    await using it = await startAreaCluster();
    for (const name of ['stays', 'changes', 'goes']) it.cluster.upsertRole({ name });
    await using roles = reflector(it.client, watchedRoles(), atOnce);
    await roles.synced();
    const { seen } = changesOf(roles);
    await until(() => seen.length >= roles.size + 1);
    seen.length = 0;
    for (let times = 0; times < 100; times += 1) it.cluster.faults.next('WatchEvents', 'unavailable');
    it.cluster.resetWatches();
    await until(() => !roles.isSynced);
    it.cluster.upsertRole({ name: 'changes', allow: { logins: ['new'] } });
    it.cluster.upsertRole({ name: 'comes' });
    await deleteRole(it.client, 'goes');
    it.cluster.faults.clear();
    await roles.synced();
    await until(() => said(seen).includes('synced'));
    expect(said(seen)[0]).toBe('disconnected');
    expect(said(seen).slice(1, -1).sort()).toEqual(['add comes', 'delete goes', 'update changes']);
    expect(said(seen).at(-1)).toBe('synced');
  });

  test('ends of what no retry mends, and tells why', async () => {
    await using it = await startAreaCluster();
    await using roles = reflector(it.guest, watchedRoles());
    const { over } = changesOf(roles);
    await expect(roles.synced()).rejects.toMatchObject({ code: 'access_denied' });
    expect(await over).toMatchObject({ code: 'access_denied' });
    await expect(roles.synced()).rejects.toMatchObject({ code: 'access_denied' });
  });

  test('ends with its client, and with its signal', async () => {
    await using it = await startAreaCluster();
    const controller = new AbortController();
    await using roles = reflector(it.client, watchedRoles(), { signal: controller.signal });
    await roles.synced();
    const { over } = changesOf(roles);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await over).toBe(reason);

    await using others = reflector(it.client, watchedRoles(), atOnce);
    await others.synced();
    const ended = changesOf(others).over;
    await it.client.close({ graceMs: 0 });
    expect(await ended).toMatchObject({ code: 'canceled', message: 'the client is closed' });
  });

  test('lists again from time to time, though the watch is open', async () => {
    await using it = await startAreaCluster();
    const clock = new FakeClock(Date.now());
    // What the watch tells is lost, as nothing in the protocol would notice.
    const kind: WatchedKind<Role> = { ...watchedRoles(), from: () => undefined };
    await using roles = reflector(it.client, kind, { clock, random: () => 0.5, resyncMs: 60_000 });
    await roles.synced();
    it.cluster.upsertRole({ name: 'lost' });
    const before = it.cluster.calls.list('ListRoles').length;
    await clock.advance(59_999);
    expect(it.cluster.calls.list('ListRoles').length).toBe(before);
    await clock.advance(1);
    await until(() => roles.get('lost') !== undefined);
  });

  test('believes the watch more than a list that lags behind it', async () => {
    await using it = await startAreaCluster();
    it.cluster.upsertRole({ name: 'goes' });
    const told = watchedRoles();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const kind: WatchedKind<Role> = {
      ...told,
      async *list(client, options) {
        const rows: Role[] = [];
        for await (const row of listRoles(client, {}, options)) rows.push(row);
        await held;
        yield* rows;
      },
    };
    await using roles = reflector(it.client, kind);
    await until(() => it.cluster.calls.list('ListRoles').length > 0);
    it.cluster.upsertRole({ name: 'goes', allow: { logins: ['newer'] } });
    await until(() => roles.get('goes') !== undefined);
    const { seen } = changesOf(roles);
    await deleteRole(it.client, 'goes');
    await until(() => roles.get('goes') === undefined);
    release();
    await roles.synced();
    expect(roles.get('goes')).toBeUndefined();
    await until(() => said(seen).includes('synced'));
    expect(said(seen).filter((text) => text.endsWith('goes'))).toEqual(['add goes', 'delete goes']);
  });

  test('tells authorities of different types apart', async () => {
    await using it = await startAreaCluster();
    await using authorities = reflector(it.client, watchedCertAuthorities(['host', 'user', 'db']));
    await authorities.synced();
    expect([...authorities.keys()].sort()).toEqual(['db/root.test', 'host/root.test', 'user/root.test']);
    await it.cluster.rotate('user', 'init');
    await until(() => authorities.get('user/root.test')?.rotation?.phase === 'init');
  });
});

const { rounds, changes, cuts } = process.env.SOAK
  ? { rounds: 10, changes: 1_000, cuts: 100 }
  : { rounds: 1, changes: 250, cuts: 25 };

test.each(Array.from({ length: rounds }, (_, index) => index + 1))(
  `follows ${changes} changes while its stream is cut ${cuts} times (%i)`,
  async () => {
    await using it = await startAreaCluster();
    await using writer = await clientOf(it.cluster, 'alice');
    await using roles = reflector(it.client, watchedRoles(), atOnce);
    await roles.synced();
    const written = new Map<string, Set<number>>();
    const follower = new Follower(written);
    const reading = follower.read(roles);
    await writeAndCut({ cluster: it.cluster, writer, written });
    it.cluster.faults.clear();
    it.cluster.resetWatches();
    const expected = new Map<string, number>();
    for await (const role of listRoles(writer)) expected.set(role.name, stepOf(role));
    await until(() => sameMap(follower.there, expected));
    await roles.synced();
    expect(new Map(Array.from(roles.values(), (role) => [role.name, stepOf(role)]))).toEqual(expected);
    expect(follower.wrong).toEqual([]);
    expect(follower.breaks).toBeGreaterThan(cuts / 10);
    await roles.close();
    await reading;
  },
  process.env.SOAK ? 300_000 : 60_000,
);

/** Keeps what it is told, and notes what cannot be: what does not fit what came before, or was never written. */
class Follower {
  readonly there = new Map<string, number>();
  readonly wrong: string[] = [];
  breaks = 0;
  readonly #latest = new Map<string, number>();
  readonly #written: ReadonlyMap<string, ReadonlySet<number>>;

  constructor(written: ReadonlyMap<string, ReadonlySet<number>>) {
    this.#written = written;
  }

  async read(roles: Reflector<Role>): Promise<void> {
    for await (const change of roles.changes()) {
      if (change.type === 'disconnected') this.breaks += 1;
      else if (change.type === 'delete') this.#delete(change.key);
      else if (change.type !== 'synced') this.#put(change.type, change.key, stepOf(change.now));
    }
  }

  #delete(key: string): void {
    if (!this.there.delete(key)) this.wrong.push(`delete of ${key}, which is not there`);
  }

  #put(type: 'add' | 'update', key: string, step: number): void {
    if (this.there.has(key) !== (type === 'update')) this.wrong.push(`${type} of ${key}`);
    const latest = this.#latest.get(key);
    if (latest !== undefined && step <= latest) this.wrong.push(`${key}: ${step} after ${latest}`);
    if (step > 0 && !this.#written.get(key)?.has(step)) this.wrong.push(`${key}: ${step} was never written`);
    this.#latest.set(key, step);
    this.there.set(key, step);
  }
}

const stepOf = (role: Role): number => Number(role.labels.step ?? 0);

function sameMap(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

interface Writing {
  readonly cluster: DevCluster;
  readonly writer: Client;
  readonly written: Map<string, Set<number>>;
}

/** Changes roles at random, the watch being cut at random points between, in one of the ways in which that happens. */
async function writeAndCut({ cluster, writer, written }: Writing): Promise<void> {
  const there = new Set<string>();
  const cutBefore = new Set<number>();
  while (cutBefore.size < cuts) cutBefore.add(1 + Math.floor(Math.random() * (changes - 1)));
  for (let step = 1; step <= changes; step += 1) {
    const name = `role-${Math.floor(Math.random() * 40)}`;
    if (cutBefore.has(step)) {
      // The next one is to break on its way, at some message; the one that is open ends now.
      const fault = (['dropped', 'cut-short', 'garbled'] as const)[Math.floor(Math.random() * 5)];
      if (fault) cluster.faults.next('WatchEvents', { afterMessages: Math.floor(Math.random() * 4), fault });
      cluster.resetWatches();
    }
    if (there.has(name) && Math.random() < 0.3) {
      there.delete(name);
      await deleteRole(writer, name);
    } else {
      there.add(name);
      written.set(name, (written.get(name) ?? new Set<number>()).add(step));
      await upsertRole(writer, newRole({ name, labels: { step: String(step) } }));
    }
    // Lets the watch, a list or a reconnect go on for a while, or not at all.
    for (let turn = Math.floor(Math.random() * 6); turn > 0; turn -= 1) await new Promise((done) => setImmediate(done));
  }
}
