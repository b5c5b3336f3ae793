import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { heldResources, leakedSince, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PathWatcher } from './path-watcher.ts';

/** A watcher whose changes can be waited for. */
class Heard implements Disposable {
  readonly watcher = new PathWatcher(() => {
    this.count += 1;
    this.#wake();
  });
  count = 0;
  #wake = (): void => {};

  /** Runs what changes something and waits until that was heard. */
  async during(change: () => Promise<unknown>): Promise<void> {
    const before = this.count;
    const heard = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await change();
    if (this.count === before) await heard;
  }

  [Symbol.dispose](): void {
    this.watcher.close();
  }
}

let folder: TemporaryDirectory;
let at: (name: string) => string;

beforeEach(async () => {
  folder = await TemporaryDirectory.create();
  at = (name) => join(folder.path, name);
});
afterEach(() => folder[Symbol.asyncDispose]());

test('a file that is written in place, replaced by renaming, removed, made anew', async () => {
  await writeFile(at('identity'), '1');
  using heard = new Heard();
  await heard.watcher.follow([at('identity')]);
  await heard.during(() => writeFile(at('identity'), '2'));
  await writeFile(at('.identity.tmp'), '3');
  await heard.during(() => rename(at('.identity.tmp'), at('identity')));
  await heard.during(() => rm(at('identity')));
  await heard.during(() => writeFile(at('identity'), '4'));
});

test('a set that Kubernetes replaces by renaming one link', async () => {
  const put = async (version: string): Promise<void> => {
    await mkdir(at(version));
    await writeFile(join(at(version), 'tls.crt'), version);
    await symlink(version, at('..data_tmp'));
    await rename(at('..data_tmp'), at('..data'));
  };
  await put('..2026_01');
  await symlink('..data/tls.crt', at('tls.crt'));
  using heard = new Heard();
  for (const version of ['..2026_02', '..2026_03']) {
    await heard.watcher.follow([at('tls.crt')]);
    await heard.during(() => put(version));
  }
  await heard.watcher.follow([at('tls.crt')]);
  await heard.during(() => writeFile(at('..2026_03/tls.crt'), 'in place, behind both links'));
});

test('a link in the middle of a path, and one that leads round in circles', async () => {
  await mkdir(at('one'));
  await mkdir(at('two'));
  await symlink(at('one'), at('current'));
  await symlink(at('circle'), at('circle'));
  using heard = new Heard();
  await heard.watcher.follow([at('current/identity'), at('circle/identity')]);
  await heard.during(() => writeFile(at('one/identity'), ''));
  await symlink('two', at('next'));
  await heard.during(() => rename(at('next'), at('current')));
});

test('a file whose folder is not there yet', async () => {
  using heard = new Heard();
  await heard.watcher.follow([at('a/b/identity')]);
  await heard.during(() => mkdir(at('a')));
  await heard.watcher.follow([at('a/b/identity')]);
  await heard.during(() => mkdir(at('a/b')));
  await heard.watcher.follow([at('a/b/identity')]);
  await heard.during(() => writeFile(at('a/b/identity'), ''));
});

test('a folder that is removed and made anew', async () => {
  await mkdir(at('bot'));
  await writeFile(at('bot/identity'), '1');
  using heard = new Heard();
  await heard.watcher.follow([at('bot/identity')]);
  await heard.during(() => rm(at('bot'), { recursive: true }));
  await mkdir(at('bot'));
  await writeFile(at('bot/identity'), '2');
  await heard.watcher.follow([at('bot/identity')]);
  await heard.during(() => writeFile(at('bot/identity'), '3'));
});

test('other files in the folder, and paths that are no longer followed, are passed over', async () => {
  using heard = new Heard();
  using other = new Heard();
  await heard.watcher.follow([at('identity'), at('old')]);
  await heard.watcher.follow([at('identity')]);
  await other.watcher.follow([at('old'), at('unrelated')]);
  await other.during(() => writeFile(at('old'), ''));
  await other.during(() => writeFile(at('unrelated'), ''));
  expect(heard.count).toBe(0);
});

test('closing ends all watching, also what is just beginning', async () => {
  await writeFile(at('identity'), '');
  const before = heldResources();
  const watchers = Array.from({ length: 10 }, () => new PathWatcher(() => {}));
  await Promise.all(watchers.slice(1).map((watcher) => watcher.follow([at('identity'), at('a/b/c')])));
  const beginning = watchers[0]?.follow([at('identity')]);
  for (const watcher of watchers) watcher.close();
  await beginning;
  for (const watcher of watchers) watcher.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(leakedSince(before)).toEqual({});
});
