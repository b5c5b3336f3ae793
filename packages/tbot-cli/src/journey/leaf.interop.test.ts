import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  RealTeleport,
  RunningProgram,
  runProgram,
  TemporaryDirectory,
  teleportBinDir,
} from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TBOT, tbot } from '../../test-support/journey.ts';

// What no tbot of Teleport can do: a credential for an application of a leaf, which the root's proxy takes.

describe.skipIf(!teleportBinDir())('an application of a leaf of a real Teleport 18', () => {
  let root: RealTeleport;
  let leaf: RealTeleport;
  let application: Server;
  let folder: TemporaryDirectory;

  beforeAll(async () => {
    folder = await TemporaryDirectory.create();
    application = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(application.address() as AddressInfo).port}`;
    root = await RealTeleport.start();
    await root.createRole('deployer', { allow: { app_labels: { '*': '*' } } });
    leaf = await RealTeleport.startLeaf(root, { applications: [{ name: 'far', uri }] });
  });
  afterAll(async () => {
    await leaf?.stop();
    await root?.stop();
    application?.close();
    await folder?.[Symbol.asyncDispose]();
  });

  test.each([
    ['an auth service', () => root.authAddress],
    ["a proxy's web address", () => root.proxyAddress],
  ])('by an agent at %s', async (_, address) => {
    const name = address() === root.authAddress ? 'direct' : 'proxied';
    const token = await root.createBot(name, ['deployer']);
    const [socket, config, out] = ['sock', 'yaml', 'out'].map((end) => folder.join(`${name}.${end}`)) as [
      string,
      string,
      string,
    ];
    const yaml = `auth_server: ${address()}\nstore: { type: memory }\nsockets:\n- path: ${socket}\n  roles: [deployer]\n`;
    await writeFile(config, yaml);
    const flags = ['--token', token, '--join-method', 'token', '--ca-pin', await root.caPin()];
    await using agent = new RunningProgram(process.execPath, [TBOT, 'start', '-c', config, ...flags], {
      env: { NODE_EXTRA_CA_CERTS: root.webCaPath },
    });
    await agent.printed(/\bready\b/);
    const request = ['--app-name', 'far', '--cluster', leaf.name, '--out', out];
    expect(await tbot(['generate', '--socket', socket, 'application', ...request])).toMatchObject({ code: 0 });
    const curl = await runProgram('curl', [
      ...['-sS', '--fail', '--cacert', root.webCaPath],
      ...['--cert', join(out, 'tlscert'), '--key', join(out, 'key'), `https://${root.proxyAddress}/`],
    ]);
    expect(curl).toMatchObject({ code: 0, stderr: '' });
    const [, claims = ''] = JSON.parse(curl.stdout)['teleport-jwt-assertion'].split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: leaf.name,
      username: `remote-bot-${name}-${root.name}`,
      roles: ['deployer'],
    });
  });
});
