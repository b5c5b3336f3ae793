import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RealTeleport, teleportBinDir } from './real-teleport.ts';

const exec = promisify(execFile);

/** Whether the kernel has a route of this process for the clouds' metadata address. */
const hasOwnRoute = async (): Promise<boolean> =>
  (await exec('ip', ['route', 'show', '169.254.169.254']).catch(() => ({ stdout: '' }))).stdout.includes(
    `metric ${process.pid}`,
  );

/** What an SSH server says to a client that says hello. */
const greeting = (address: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const [host = '', port] = address.split(':');
    const socket = connect(Number(port), host, () => socket.write('SSH-2.0-test\r\n'));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject).once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString('latin1'));
    });
  });

describe.skipIf(teleportBinDir() === undefined)('a real Teleport for tests', () => {
  it('has ports of their own for SSH and tunnels, a leaf over them, and leaves no route behind', async () => {
    {
      await using root = await RealTeleport.start({
        listenerMode: 'separate',
        configure: (config) => {
          config.auth_service.session_recording = 'off';
        },
      });
      expect(new Set(Object.values(root.ports)).size).toBe(7);
      expect(await greeting(root.sshProxyAddress)).toMatch(/^SSH-2\.0-Teleport/);
      expect(await greeting(root.tunnelAddress)).toMatch(/^SSH-2\.0-Teleport/);
      const [recording] = JSON.parse(await root.tctl(['get', 'session_recording_config', '--format=json'])) as [
        { spec: { mode: string } },
      ];
      expect(recording.spec.mode).toBe('off');
      await using leaf = await RealTeleport.startLeaf(root);
      expect(leaf.name).toBe('leaf.test');
    }
    expect(await hasOwnRoute()).toBe(false);
  });

  it('speaks plain HTTP on its web port when asked to', async () => {
    await using teleport = await RealTeleport.start({ listenerMode: 'separate', insecureNoTls: true });
    const found = (await (await fetch(`http://${teleport.proxyAddress}/webapi/find`)).json()) as { proxy: object };
    expect(found.proxy).toMatchObject({ tls_routing_enabled: false });
  });
});
