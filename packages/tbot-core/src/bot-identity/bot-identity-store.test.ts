import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { FileSet } from '../destinations/destination.ts';
import { MemoryDestination } from '../destinations/memory.ts';
import type { BotIdentity } from './bot-identity.ts';
import { BotIdentityStore, hashToken } from './bot-identity-store.ts';

const FILES = ['key', 'key.pub', 'key-cert.pub', 'tlscert', 'tlscacerts', 'sshcacerts', 'tokenhash'];

/** What a real tbot 18.0.0 had in its storage. */
async function recorded(name: string): Promise<Record<string, Buffer>> {
  const folder = new URL(`../../testdata/teleport-18/${name}/`, import.meta.url);
  return Object.fromEntries(
    await Promise.all(FILES.map(async (file) => [file, await readFile(new URL(file, folder))])),
  );
}

async function storeWith(files: FileSet): Promise<{ store: BotIdentityStore; destination: MemoryDestination }> {
  const destination = new MemoryDestination();
  await destination.write(files);
  return { store: new BotIdentityStore(destination), destination };
}

async function load(files: FileSet): Promise<BotIdentity> {
  const stored = await (await storeWith(files)).store.load();
  if (stored.state !== 'found') throw new Error(`the store is ${stored.state}`);
  return stored.identity;
}

describe('the storage of a real tbot', () => {
  it.each(['tbot-store', 'tbot-store-renewed', 'tbot-store-legacy'])(
    '%s is read, and written back byte by byte',
    async (name) => {
      const files = await recorded(name);
      const identity = await load(files);
      expect(identity.tls).toMatchObject({
        renewable: true,
        botName: expect.any(String),
        teleportCluster: 'root.example',
      });
      const { store, destination } = await storeWith({});
      await store.save(identity);
      for (const file of FILES) expect((await destination.read(file))?.toString(), file).toBe(files[file]!.toString());
    },
  );

  it('tells its life, its generation and the token it came from', async () => {
    const [first, renewed] = [
      await load(await recorded('tbot-store')),
      await load(await recorded('tbot-store-renewed')),
    ];
    expect([first.tls.generation, renewed.tls.generation]).toEqual([1, 2]);
    expect(first.tls.botInstanceId).toBe(renewed.tls.botInstanceId);
    expect(first.cluster).toBe('root.example');
    expect(first.life.expiresAtMs - first.life.issuedAtMs).toBe(3_600_000);
    expect(first.validAt(Date.parse('2026-11-22T01:50:00Z'))).toBe(true);
    expect(first.validAt(first.life.expiresAtMs)).toBe(false);
    expect(first.tokenHash).toBe(hashToken('b0e5daad71bac3ad8bc1ae884b7b6caa'));
  });
});

describe('a store', () => {
  it('that is empty holds nothing', async () => {
    const { store } = await storeWith({});
    expect(await store.load()).toEqual({ state: 'none' });
    const touched = await storeWith({ key: '', tlscert: '' });
    expect(await touched.store.load()).toEqual({ state: 'none' });
  });

  it('whose parts do not belong together is not used, and no key is quoted', async () => {
    const [old, renewed] = [await recorded('tbot-store'), await recorded('tbot-store-renewed')];
    for (const files of [
      { ...old, key: renewed.key! },
      { ...old, key: 'SECRET' },
      { ...old, tlscert: '' },
      { ...old, tlscacerts: '' },
      { ...old, 'key-cert.pub': renewed['key-cert.pub']! },
    ]) {
      const stored = await (await storeWith(files)).store.load();
      expect(stored.state).toBe('unreadable');
      expect(JSON.stringify(stored)).not.toMatch(/SECRET|PRIVATE/);
    }
  });

  it('knows of a renewal that was cut off, until its fruit is saved', async () => {
    const { store } = await storeWith(await recorded('tbot-store'));
    const interrupted = async (): Promise<boolean | undefined> => {
      const stored = await store.load();
      return stored.state === 'found' ? stored.renewalInterrupted : undefined;
    };
    expect(await interrupted()).toBe(false);
    await store.noteRenewal(await load(await recorded('tbot-store')));
    expect(await interrupted()).toBe(true);
    await store.save(await load(await recorded('tbot-store-renewed')));
    expect(await interrupted()).toBe(false);
  });
});
