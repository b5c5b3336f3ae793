import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from '@teleport-ts/api-client';
import { getCurrentUserRoles } from '@teleport-ts/api-client/roles';
import { RealTeleport, TemporaryDirectory, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { parseConfig } from '@teleport-ts/tbot-core';
import { keepIdentity, SocketHost, socketCredentials } from '@teleport-ts/tbot-core/client';
import { Daemon } from '@teleport-ts/tbot-daemon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Programs that live on the socket of an agent whose cluster is a real one.

describe.skipIf(!teleportBinDir())('a program on the socket of a real Teleport 18', () => {
  let root: RealTeleport;
  let application: Server;
  let folder: TemporaryDirectory;
  let daemon: Daemon;
  let host: SocketHost;

  beforeAll(async () => {
    application = createServer((request, response) =>
      response.end(`hello ${request.headers['teleport-jwt-assertion'] ? 'user' : 'nobody'}`),
    );
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    folder = await TemporaryDirectory.create();
    root = await RealTeleport.start({
      name: 'root.test',
      applications: [{ name: 'foo', uri, labels: { team: 'dev' } }],
    });
    await root.createRole('deployer', { allow: { app_labels: { team: 'dev' } } });
    await root.createBot('ci', ['deployer']);
    const token = await root.createBotToken('ci', 'token-for-programs');
    const socket = folder.join('tbot.sock');
    const text = `proxy_server: ${root.proxyAddress}\nstore: { type: memory }\nsockets: [{ path: ${socket} }]`;
    daemon = await Daemon.start({ config: parseConfig(text, { flags: { token } }), webCa: [root.webCaPem] });
    host = new SocketHost({ socket, webCa: [root.webCaPem] });
  });
  afterAll(async () => {
    await host?.close();
    await daemon?.close({ graceMs: 0 });
    await root?.stop();
    application?.close();
    await folder?.[Symbol.asyncDispose]();
  });

  it('calls an application through the proxy with a kept credential', async () => {
    await using kept = await keepIdentity(host, { kind: 'application', name: 'foo' }, { tls: { ca: root.webCaPem } });
    const agent = kept.agent();
    const headers = { host: kept.current.route?.application?.publicAddress };
    const visit = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const [name, port] = root.proxyAddress.split(':');
        get({ host: name, port, servername: name, headers, agent }, (answer) => {
          answer.toArray().then((chunks) => resolve(`${answer.statusCode} ${Buffer.concat(chunks)}`), reject);
        }).on('error', reject);
      });
    expect([await visit(), await visit()]).toEqual(['200 hello user', '200 hello user']);
  });

  it('is a client of the cluster, for as long as it is open and for one credential', async () => {
    const credentials = socketCredentials(host, { kind: 'identity', roles: ['deployer'] });
    await using living = await connect({ credentials, trust: { webCa: [root.webCaPem] } });
    await using once = await host.clientForIdentity(await host.generateIdentity({ kind: 'identity' }));
    for (const client of [living, once]) {
      expect(client.server.clusterName).toBe('root.test');
      const roles: string[] = [];
      for await (const { name } of getCurrentUserRoles(client)) roles.push(name);
      expect(roles).toContain('deployer');
    }
  });

  it('has an application credential at hand as often as it asks, each for a key of its own', async () => {
    const request = { kind: 'application', name: 'foo' } as const;
    const identities = await Promise.all(Array.from({ length: 20 }, () => host.generateIdentity(request)));
    expect(new Set(identities.map(({ privateKeyPem }) => privateKeyPem)).size).toBe(20);
    expect(new Set(identities.map(({ serial }) => serial)).size).toBe(20);
  });

  // Last: the authority is another one afterwards.
  it('moves to a credential of the new authority while the cluster rotates its user authority', async () => {
    await using kept = await keepIdentity(host, { kind: 'application', name: 'foo' });
    const credentials = socketCredentials(host, { kind: 'identity', roles: ['deployer'] });
    await using client = await connect({ credentials, trust: { webCa: [root.webCaPem] } });
    const rotations = host.listenForRotation()[Symbol.asyncIterator]();
    const told: unknown[] = [];
    const phase = async (name: string): Promise<void> => {
      const next = rotations.next();
      await root.tctl(['auth', 'rotate', '--manual', '--type=user', `--phase=${name}`]);
      told.push((await next).value);
    };
    const renewed = new Promise<string>((resolve) => kept.onRenewal(({ serial }) => resolve(serial)));
    const before = kept.current.serial;
    await phase('init');
    await phase('update_clients');
    expect(await renewed).not.toBe(before);
    expect(told).toEqual(
      ['init', 'update_clients'].map((name) =>
        expect.objectContaining({ type: 'user', cluster: 'root.test', phase: name, reason: expect.any(String) }),
      ),
    );
    // A real cluster takes up to a minute to know the successor everywhere; the client goes on with what it has.
    await client.ping();
    await rotations.return?.();
  });
});
