import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import { parseConfig, type TbotConfig } from '@teleport-ts/tbot-core';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { afterEach, beforeEach } from 'vitest';
import { Daemon, type DaemonOptions } from '../src/daemon.ts';

/** A folder of the test's own. */
export let folder: string;
/** Where its agent's socket is, unless it says otherwise. */
export let socketPath: string;
/** What is to be ended after the test, the latest first. */
const ending: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daemon-'));
  socketPath = join(folder, 'tbot.sock');
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** An empty cluster. */
export async function startCluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  const cluster = await DevCluster.start({ name: 'root.example', ...options });
  ending.push(() => cluster.stop());
  return cluster;
}

/** A cluster with one application and a bot that may impersonate three roles. */
export async function cluster(options: DevClusterOptions = {}): Promise<DevCluster> {
  const made = await startCluster(options);
  made.upsertRole({ name: 'reader', allow: { appLabels: { '*': '*' } } });
  made.upsertRole({ name: 'writer', allow: { appLabels: { '*': '*' } } });
  made.upsertRole({ name: 'brief', allow: { appLabels: { '*': '*' } }, maxSessionTtlMs: 5 * 60_000 });
  await made.addApplication({ name: 'grafana' });
  await made.upsertBot({ name: 'ci', roles: ['reader', 'writer', 'brief'] });
  return made;
}

/** The configuration of an agent of this cluster; `sockets` in YAML. */
export function config(
  auth: DevCluster,
  token: string | undefined,
  sockets: string,
  store = '{ type: memory }',
): TbotConfig {
  return parseConfig(`auth_server: ${auth.authAddress}\nstore: ${store}\nsockets:\n${sockets}`, {
    flags: { token, caPins: auth.caPins },
  });
}

/** An agent that ends with the test. */
export async function start(options: DaemonOptions): Promise<Daemon> {
  const daemon = await Daemon.start({ random: () => 0, ...options });
  ending.push(() => daemon.close({ graceMs: 0 }));
  return daemon;
}

/** A caller of a socket. */
export function ask(path = socketPath): SocketHost {
  const host = new SocketHost({ socket: path });
  ending.push(() => host.close());
  return host;
}

/** What is asked for. */
export const grafana = { kind: 'application', name: 'grafana' } as const;
