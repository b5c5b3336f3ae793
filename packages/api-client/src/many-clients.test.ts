import { writeFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { heldResources, leakedSince, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { AuthServer } from '../test-support/auth-server.ts';
import { TestPki } from '../test-support/pki.ts';
import { until } from '../test-support/until.ts';
import { connect, loadIdentityFile } from './index.ts';

const clients = process.env.SOAK ? 1_000 : 100;
/** A client that somebody holds on to, with its channel and its watcher, is ten times as large. */
const KEPT_BYTES = 20_000;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test(
  `${clients} clients opened and closed leave no handle and no memory`,
  async () => {
    const pki = new TestPki('root.test');
    await using server = await AuthServer.start({ certificate: pki.authService() });
    await using folder = await TemporaryDirectory.create();
    const path = folder.join('identity');
    const { key, cert, ca } = pki.user();
    await writeFile(path, key + cert + ca);
    const once = async (): Promise<void> => {
      await using client = await connect({ addresses: [server.address], credentials: loadIdentityFile(path) });
      await client.ping();
    };
    const round = async (count: number): Promise<number> => {
      for (let done = 0; done < count; done += 10) await Promise.all(Array.from({ length: 10 }, once));
      await until(() => server.sockets.size === 0);
      server.forget();
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    await round(20);
    const held = heldResources();
    const first = await round(clients / 2);
    const second = await round(clients / 2);
    // What the last turn of the event loop began is not a leak.
    for (let turn = 0; turn < 100 && Object.keys(leakedSince(held)).length > 0; turn += 1) await nextTurn();
    expect(leakedSince(held)).toEqual({});
    expect((second - first) / (clients / 2)).toBeLessThan(KEPT_BYTES);
    await using client = await connect({ addresses: [server.address], credentials: loadIdentityFile(path) });
    await client.ping();
  },
  process.env.SOAK ? 600_000 : 120_000,
);
