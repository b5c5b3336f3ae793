import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';
import { jsonCodec } from './codec.ts';
import type { Collection } from './collection.ts';
import { DataDirLock } from './data-dir-lock.ts';
import { Store } from './store.ts';

interface Item {
  readonly text: string;
  readonly until?: number;
}

function open(dataDir?: string, clock = new FakeClock(0)): { store: Store; items: Collection<Item> } {
  const store = new Store({ clock, dataDir });
  const items = store.collection('item', { codec: jsonCodec<Item>(), expiresAt: ({ until }) => until });
  store.ready();
  return { store, items };
}

describe('a collection', () => {
  it('pages in key order', () => {
    const { items } = open();
    for (const key of ['c', 'a', 'd', 'b']) items.put(key, { text: key });
    const first = items.page('', 3);
    expect(first.items.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(first.next).toBe('d');
    expect(items.page(first.next, 3)).toEqual({ items: [{ text: 'd' }], next: '' });
    expect(items.page('', 3, ({ text }) => text > 'b').items).toHaveLength(2);
  });

  it('sweeps out what has expired although nobody asks for it', async () => {
    const clock = new FakeClock(0);
    const { store, items } = open(undefined, clock);
    items.put('old', { text: 'old', until: 1 });
    await clock.advance(1);
    const gone: string[] = [];
    store.subscribe(({ key, value }) => {
      if (value === undefined) gone.push(key);
    });
    for (let i = 0; i < 1000; i++) items.put(`k${i}`, { text: '' });
    expect(gone).toEqual(['old']);
  });

  it('forgets an item at the moment of its expiry and tells about it', async () => {
    const clock = new FakeClock(0);
    const { store, items } = open(undefined, clock);
    const changes: string[] = [];
    store.subscribe(({ key, value }) => changes.push(`${value === undefined ? '-' : '+'}${key}`));
    items.put('a', { text: 'a', until: 1000 });
    await clock.advance(999);
    expect(items.has('a')).toBe(true);
    await clock.advance(1);
    expect(items.get('a')).toBeUndefined();
    expect(items.keys()).toEqual([]);
    expect(changes).toEqual(['+a', '-a']);
  });
});

describe('a store with a data directory', () => {
  it('comes back with what was written, without having been closed', async () => {
    await using directory = await TemporaryDirectory.create();
    const { items } = open(directory.path);
    items.put('a', { text: 'one' });
    items.put('a', { text: 'two' });
    items.put('b', { text: 'gone' });
    items.delete('b');
    expect(open(directory.path).items.values()).toEqual([{ text: 'two' }]);
  });

  it('drops a line that a crash cut off', async () => {
    await using directory = await TemporaryDirectory.create();
    open(directory.path).items.put('a', { text: 'one' });
    appendFileSync(directory.join('state.jsonl'), '{"kind":"item","key":"b","val');
    expect(open(directory.path).items.keys()).toEqual(['a']);
  });

  it('rewrites the file when it is opened and closed, readable by its owner alone', async () => {
    await using directory = await TemporaryDirectory.create();
    const { store, items } = open(directory.path);
    for (let i = 0; i < 50; i++) items.put('a', { text: String(i) });
    store.close();
    expect(readFileSync(directory.join('state.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(2);
    expect(statSync(directory.join('state.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('brings the file down while it is written, too', async () => {
    await using directory = await TemporaryDirectory.create();
    const { items } = open(directory.path);
    for (let i = 0; i < 25_000; i++) items.put('a', { text: String(i) });
    expect(readFileSync(directory.join('state.jsonl'), 'utf8').split('\n').length).toBeLessThan(10_100);
    expect(open(directory.path).items.get('a')).toEqual({ text: '24999' });
  });

  it('refuses a file of another format or version', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(directory.join('state.jsonl'), '{"format":"teleport-dev-cluster","version":2}\n');
    expect(() => open(directory.path)).toThrow(/has version 2, this dev-cluster reads 1/);
    writeFileSync(directory.join('state.jsonl'), 'something else\n');
    expect(() => open(directory.path)).toThrow(/is not the state of a dev-cluster/);
  });
});

describe('the lock of a data directory', () => {
  it('keeps a second cluster out and is taken over from a dead one', async () => {
    await using directory = await TemporaryDirectory.create();
    expect(DataDirLock.holder(directory.path)).toBeUndefined();
    const lock = DataDirLock.acquire(directory.path);
    expect(DataDirLock.holder(directory.path)).toBe(process.pid);
    expect(() => DataDirLock.acquire(directory.path)).toThrow(`pid ${process.pid}`);
    lock.release();
    writeFileSync(directory.join('lock.4194305'), ''); // above Linux' largest pid
    DataDirLock.acquire(directory.path).release();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it('steps back before another living process, and leaves its lock alone', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(directory.join(`lock.${process.ppid}`), '');
    expect(() => DataDirLock.acquire(directory.path)).toThrow(`pid ${process.ppid}`);
    expect(readdirSync(directory.path)).toEqual([`lock.${process.ppid}`]);
  });

  it.runIf(existsSync('/proc/self/stat'))('is taken over from a dead process whose id has come back', async () => {
    await using directory = await TemporaryDirectory.create();
    for (const pid of [process.pid, process.ppid]) writeFileSync(directory.join(`lock.${pid}`), 'another start');
    DataDirLock.acquire(directory.path).release();
    expect(readdirSync(directory.path)).toEqual([]);
  });
});
