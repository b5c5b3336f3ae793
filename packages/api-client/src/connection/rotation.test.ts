import { rename, writeFile } from 'node:fs/promises';
import { parseIdentityFile, parseTlsIdentity } from '@teleport-ts/api-types';
import { DevCluster } from '@teleport-ts/dev-cluster';
import { FakeClock, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { expect, test } from 'vitest';
import { until } from '../../test-support/until.ts';
import { type ClientStatus, connect, loadIdentityFile } from '../index.ts';
import { reflector, watchedRoles } from '../watch/index.ts';

// Each certificate lives for an hour and is renewed after twenty minutes, as tbot does it: 72 times are a day.
const rotations = process.env.SOAK ? 200 : 72;
const timeoutMs = process.env.SOAK ? 600_000 : 120_000;
const callsPerSecond = process.env.SOAK ? 50 : 10;
const MINUTE_MS = 60_000;

test(
  `${rotations} rotations under ${callsPerSecond} calls a second and an open watch lose nothing`,
  async () => {
    const clock = new FakeClock();
    await using cluster = await DevCluster.start({ clock });
    await using folder = await TemporaryDirectory.create();
    cluster.upsertRole({ name: 'reader', allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    cluster.upsertUser({ name: 'alice', roles: ['reader'] });
    const path = folder.join('identity');
    const serials: string[] = [];
    const issue = async (inPlace: boolean): Promise<void> => {
      const { identityFile } = await cluster.issueUserCredentials({ user: 'alice', ttlMs: 60 * MINUTE_MS });
      serials.push(parseTlsIdentity(parseIdentityFile(identityFile).tlsCertificate).serial);
      if (inPlace) return writeFile(path, identityFile);
      await writeFile(`${path}.tmp`, identityFile);
      await rename(`${path}.tmp`, path);
    };
    await issue(true);

    // A call that fails shows, since nothing tries it again.
    const credentials = loadIdentityFile(path);
    const client = await connect({
      addresses: [cluster.authAddress],
      credentials,
      clock,
      retry: false,
      breaker: false,
    });
    const said: ClientStatus[] = [];
    void (async () => {
      for await (const status of client.status()) if (status.type === 'credentials') said.push(status);
    })();
    const roles = reflector(client, watchedRoles(), { clock, resyncMs: 0, random: () => 0 });
    await roles.synced();
    const seen: string[] = [];
    let gaps = 0;
    const reading = (async () => {
      for await (const change of roles.changes()) {
        if (change.type === 'disconnected') gaps += 1;
        if (change.type === 'add') seen.push(change.key);
      }
    })();

    const failures: unknown[] = [];
    let answered = 0;
    const inFlight = new Set<Promise<void>>();
    const call = (): void => {
      const one: Promise<void> = client.ping().then(
        () => {
          answered += 1;
          inFlight.delete(one);
        },
        (error: unknown) => {
          failures.push(error);
          inFlight.delete(one);
        },
      );
      inFlight.add(one);
    };
    let asked = 0;
    for (let rotation = 1; rotation <= rotations; rotation += 1) {
      await issue(rotation % 4 === 0);
      // A second of calls at least, and as many more as it takes until the new certificate is in use.
      for (let count = 0; count < callsPerSecond || said.length < rotation; count += 1) {
        call();
        asked += 1;
        await clock.advance(1_000 / callsPerSecond);
      }
      cluster.upsertRole({ name: `made-${rotation}` });
      await Promise.all(inFlight);
      // The old connection ends meanwhile, and with it the watch.
      await clock.advance(20 * MINUTE_MS);
    }
    await until(() => roles.isSynced && roles.get(`made-${rotations}`) !== undefined);
    await Promise.all(inFlight);

    expect(failures).toEqual([]);
    expect(answered).toBe(asked);
    expect(said.every((status) => status.type === 'credentials' && status.event === 'reloaded')).toBe(true);
    const used = new Set(cluster.calls.list('Ping').map(({ serial }) => serial));
    // Only the last 10,000 calls are kept.
    for (const serial of serials.slice(-50)) expect(used).toContain(serial.toUpperCase());
    const made = Array.from({ length: rotations }, (_, index) => `made-${index + 1}`);
    expect(seen.filter((name) => name.startsWith('made-'))).toEqual(made);
    expect(gaps).toBeGreaterThan(0);
    await roles.close();
    await reading;
    await client.close();
  },
  timeoutMs,
);
