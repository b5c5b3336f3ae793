import { once } from 'node:events';
import { RealTeleport, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadIdentityFile } from '../index.ts';
import { type NodeStreamOptions, openNodeStream } from '../ssh.ts';

type Common = Pick<NodeStreamOptions, 'proxy' | 'credentials' | 'trust'>;

async function started(listenerMode: 'multiplex' | 'separate'): Promise<{ teleport: RealTeleport; common: Common }> {
  const teleport = await RealTeleport.start({ listenerMode, nodeLabels: { env: 'demo' } });
  await teleport.createRole('deployer', { allow: { node_labels: { '*': '*' }, logins: ['root'] } });
  await teleport.tctl(['users', 'add', 'alice', '--roles=deployer', '--logins=root']);
  const credentials = loadIdentityFile(await teleport.identityFile('alice'));
  const common = { proxy: teleport.proxyAddress, credentials, trust: { webCa: [teleport.webCaPem] } };
  // The node is listed a moment after the cluster answers.
  await vi.waitFor(() => banner({ ...common, host: 'real' }), { timeout: 30_000, interval: 200 });
  return { teleport, common };
}

async function banner(options: NodeStreamOptions): Promise<string> {
  const stream = await openNodeStream(options);
  const [first] = (await once(stream, 'data')) as [Buffer];
  stream.destroy();
  await once(stream, 'close');
  return first.toString();
}

const refusal = (options: NodeStreamOptions): Promise<unknown> =>
  openNodeStream(options).then(
    () => expect.fail('it was opened'),
    (error: unknown) => error,
  );

describe.skipIf(!teleportBinDir())('a node of a real Teleport 18', () => {
  describe('with TLS routing', () => {
    let teleport: RealTeleport;
    let common: Common;
    beforeAll(async () => {
      ({ teleport, common } = await started('multiplex'));
    });
    afterAll(() => teleport?.stop());

    test.each([
      {},
      { tlsRouting: true },
      { tlsRouting: true, connectionUpgrade: true },
      { tlsRouting: true, connectionUpgrade: false },
    ])('is reached: %j', async (way) => {
      expect(await banner({ ...common, ...way, host: 'real' })).toMatch(/^SSH-2\.0-Teleport/);
      expect(await banner({ ...common, ...way, host: 'real', port: teleport.ports.node })).toMatch(
        /^SSH-2\.0-Teleport/,
      );
    });

    test('is not confused with one that there is not', async () => {
      const nobody = { code: 'not_found', retryable: false };
      expect(await refusal({ ...common, host: 'nosuch' })).toMatchObject(nobody);
      expect(await refusal({ ...common, host: 'real', port: 3022 })).toMatchObject(nobody);
      expect(await refusal({ ...common, host: 'real', cluster: 'nosuch.test' })).toMatchObject(nobody);
    });
  });

  test('with ports of their own, found or named', async () => {
    const { teleport, common } = await started('separate');
    await using _ = teleport;
    for (const way of [
      {},
      { proxy: teleport.sshProxyAddress, tlsRouting: false },
      { tlsRouting: true, connectionUpgrade: true },
    ]) {
      expect(await banner({ ...common, ...way, host: 'real' })).toMatch(/^SSH-2\.0-Teleport/);
    }
  });
});
