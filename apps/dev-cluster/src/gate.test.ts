import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevCluster } from './dev-cluster.ts';
import { anonymousClient } from './testing/wire-bot.ts';
import { wireStatus } from './testing/wire-client.ts';

describe('a partition', () => {
  let cluster: DevCluster;
  beforeAll(async () => {
    cluster = await DevCluster.start();
  });
  afterAll(() => cluster.stop());

  const ping = async (): Promise<string> => {
    using client = anonymousClient(cluster);
    return (await client.call(AuthServiceDefinition, 'ping', {})).ClusterName;
  };
  async function dial(address: string): Promise<Socket> {
    const [, port] = address.split(':');
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }
  const end = async (socket: Socket): Promise<string> => {
    const error = new Promise<string>((resolve) => {
      socket.once('error', (reason: NodeJS.ErrnoException) => resolve(reason.code ?? ''));
      socket.once('close', () => resolve('closed'));
    });
    return await error;
  };

  it('breaks open connections and lets nobody in on either port, until it is healed', async () => {
    using open = anonymousClient(cluster);
    await open.call(AuthServiceDefinition, 'ping', {});
    const idle = [await dial(cluster.authAddress), await dial(cluster.proxyAddress)];
    const ends = Promise.all(idle.map(end));
    cluster.partition();
    expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET']);
    expect(await wireStatus(open.call(AuthServiceDefinition, 'ping', {}))).toMatchObject({ code: 14 });
    for (const address of [cluster.authAddress, cluster.proxyAddress]) {
      const refused = await dial(address).then(end, (error: NodeJS.ErrnoException) => error.code);
      expect(refused).toBe('ECONNRESET');
    }
    cluster.heal();
    expect(await ping()).toBe(cluster.name);
  });

  it('may be silent: what comes is swallowed, and reset when it heals', async () => {
    cluster.partition({ silent: true });
    const socket = await dial(cluster.authAddress);
    const ended = end(socket);
    let received = 0;
    socket.on('data', (bytes) => (received += bytes.length));
    await new Promise((resolve) => socket.write('anything', resolve));
    cluster.heal();
    expect(await ended).toBe('ECONNRESET');
    expect(received).toBe(0);
    expect(await ping()).toBe(cluster.name);
  });

  it('outlasts a restart, and does not hinder the end', async () => {
    await using other = await DevCluster.start();
    other.partition({ silent: true });
    await other.restart();
    const waiting = await dial(other.authAddress);
    const ended = end(waiting);
    await other.stop();
    await ended;
    other.heal();
  });
});
