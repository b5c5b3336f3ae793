import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  ask,
  cluster,
  config,
  folder,
  grafana,
  socketPath,
  start,
  startCluster,
} from '../test-support/daemon-in-cluster.ts';
import { Daemon } from './daemon.ts';

/** The page of an agent as text, with its status. */
async function page(daemon: Daemon, path: string): Promise<{ code: number; text: string }> {
  const response = await fetch(`${daemon.diagnosticsUrl}${path}`);
  return { code: response.status, text: await response.text() };
}

test('an address that is taken keeps the agent from starting, before the token is spent', async () => {
  const auth = await cluster();
  const token = await auth.createToken({ botName: 'ci' });
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const settings = config(auth, token, `- path: ${socketPath}`);
  try {
    const taken = { ...settings, diagAddress: { host: '127.0.0.1', port } };
    await expect(Daemon.start({ config: taken })).rejects.toMatchObject({
      code: 'already_exists',
      message: `cannot serve diagnostics on 127.0.0.1:${port}: EADDRINUSE`,
    });
  } finally {
    other.close();
  }
  const daemon = await start({ config: settings });
  expect(daemon.diagnosticsUrl).toBeUndefined();
});

test('an agent whose cluster is away is alive and not ready, until it is back', async () => {
  const dataDir = join(folder, 'cluster');
  const auth = await cluster({ dataDir });
  const store = `{ type: directory, path: ${join(folder, 'store')} }`;
  const token = await auth.createToken({ botName: 'ci' });
  const settings = {
    ...config(auth, token, `- path: ${socketPath}\n  roles: [reader]`, store),
    diagAddress: { host: '127.0.0.1', port: 0 },
  };
  const first = await start({ config: settings });
  expect((await page(first, '/readyz')).code).toBe(200);
  const url = first.diagnosticsUrl;
  await first.close();
  await expect(fetch(`${url}/livez`)).rejects.toThrow();

  await auth.stop();
  const daemon = await start({ config: settings });
  expect((await page(daemon, '/livez')).code).toBe(200);
  const away = await page(daemon, '/readyz');
  expect(away).toMatchObject({ code: 503, text: expect.stringContaining('the agent cannot reach its cluster') });
  expect((await page(daemon, '/metrics')).text).toContain('tbot_bot_state{state="degraded"} 1\n');
  await ask()
    .generateIdentity(grafana)
    .catch(() => {});

  await startCluster({ dataDir });
  const code = async (): Promise<number> => (await page(daemon, '/readyz')).code;
  await expect.poll(code, { timeout: 20_000 }).toBe(200);
  await ask().generateIdentity(grafana);
  const { text } = await page(daemon, '/metrics');
  const count = `tbot_socket_requests_total{socket="${socketPath}",kind="application",trigger=""`;
  expect(text).toContain(`${count},outcome="failed",reason="connection_problem"} 1\n`);
  expect(text).toContain(`${count},outcome="issued",reason=""} 1\n`);
  expect(text).toContain(`tbot_service_healthy{service="${socketPath}"} 1\n`);
});
