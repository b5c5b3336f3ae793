import { RealTeleport, TemporaryDirectory, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { parseConfig } from '@teleport-ts/tbot-core';
import { SocketHost } from '@teleport-ts/tbot-core/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Daemon } from '../daemon.ts';

// What a real Teleport 18 says when it is asked whether an agent can issue.

describe.skipIf(!teleportBinDir())('readiness before a real cluster', () => {
  let teleport: RealTeleport;
  let folder: TemporaryDirectory;
  beforeAll(async () => {
    folder = await TemporaryDirectory.create();
    teleport = await RealTeleport.start();
    for (const role of ['deployer', 'doomed']) await teleport.createRole(role, { allow: {} });
  });
  afterAll(async () => {
    await teleport?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  test('each socket is ready as long as the cluster issues for its roles', async () => {
    const [good, bad] = [folder.join('good.sock'), folder.join('bad.sock')];
    const token = await teleport.createBot('ci', ['deployer', 'doomed']);
    const config = parseConfig(
      `auth_server: ${teleport.authAddress}
store: { type: memory }
diag_addr: 127.0.0.1:0
sockets:
  - { path: ${good}, roles: [deployer] }
  - { path: ${bad}, roles: [doomed] }
`,
      { flags: { token, caPins: [await teleport.caPin()] } },
    );
    await using daemon = await Daemon.start({ config });
    const ready = async (path = '') => {
      const response = await fetch(`${daemon.diagnosticsUrl}/readyz${path}`);
      return {
        code: response.status,
        ...((await response.json()) as { services: Record<string, { status: string }> }),
      };
    };
    expect(await ready()).toMatchObject({
      code: 200,
      services: {
        'bot-identity': { status: 'healthy' },
        [good]: { status: 'healthy' },
        [bad]: { status: 'healthy' },
      },
    });
    const metrics = await (await fetch(`${daemon.diagnosticsUrl}/metrics`)).text();
    expect(metrics).toContain('tbot_bot_state{state="running"} 1\n');
    expect(Number(/^tbot_bot_expiry_timestamp_seconds (\S+)$/m.exec(metrics)?.[1]) * 1000).toBeGreaterThan(Date.now());

    await teleport.tctl(['lock', '--role=doomed', '--message=maintenance', '--ttl=1h']);
    await using caller = new SocketHost({ socket: bad });
    const asked = (): Promise<unknown> => caller.generateIdentity({ kind: 'identity' }).then(() => undefined, String);
    await expect.poll(asked, { timeout: 20_000, interval: 200 }).toContain('maintenance');
    // A proof of a moment ago stands for five seconds, whatever callers meet.
    const code = (): Promise<number> => asked().then(async () => (await ready()).code);
    await expect.poll(code, { timeout: 20_000, interval: 500 }).toBe(503);
    expect(await ready()).toMatchObject({
      code: 503,
      status: 'unhealthy',
      services: {
        [good]: { status: 'healthy' },
        [bad]: { status: 'unhealthy', reason: expect.stringContaining('maintenance') },
      },
    });
    expect((await ready(good)).code).toBe(200);
  });
});
