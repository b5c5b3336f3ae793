import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { connect, loadKeyPair } from '@teleport-ts/api-client';
import { areInstalled, runProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWER, curl, kubectl, psql, type Use } from '../../test-support/real-consumers.ts';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// A socket that does not serve identities gives certificates that a real Teleport 18 takes for their own kind and for
// nothing else, whatever their roles may do.

let root: RealServices;

/** Asks the cluster's API with the certificate of a folder. */
async function api(out: string): Promise<{ readonly clusterName: string }> {
  const [cert, key, ca] = ['tlscert', 'key', 'teleport-host-ca.crt'].map((name) => join(out, name)) as [
    string,
    string,
    string,
  ];
  await using client = await connect({
    addresses: [root.teleport.authAddress],
    credentials: loadKeyPair(cert, key, ca),
  });
  return client.ping();
}

/** What the proxy answers to a request for Kubernetes with the certificate of a folder. */
async function kubernetesProxy({ out, through: { teleport } }: Use): Promise<string> {
  const { web } = teleport.ports;
  const name = 'kube-teleport-proxy-alpn.teleport.cluster.local';
  const { stdout } = await runProgram('curl', [
    ...[
      '-sS',
      '--cacert',
      join(out, 'teleport-host-ca.crt'),
      '--cert',
      join(out, 'tlscert'),
      '--key',
      join(out, 'key'),
    ],
    ...['--connect-to', `${name}:${web}:127.0.0.1:${web}`, `https://${name}:${web}/whoami`],
  ]);
  return stdout;
}

const including = (text: string): unknown => expect.stringContaining(text);

const DONE = { code: 0, signal: null, stderr: '' };

describe.skipIf(!teleportBinDir() || !areInstalled('psql', 'postgres', 'kubectl'))('confined credentials', () => {
  let agent: RealAgent;
  let application: Use;
  let database: Use;
  let kubernetes: Use;
  beforeAll(async () => {
    root = await RealServices.startRoot({ postgresPort: false });
    const limits = '  kinds: [application, database, kubernetes]\n  applications: ["root-*"]\n';
    agent = await RealAgent.start(root, 'ci', root.teleport.authAddress, { limits });
    const generated = async (...request: string[]): Promise<Use> => ({
      out: await agent.generate(`${request[0]}`, ...request),
      through: root,
    });
    application = await generated('application', '--app-name', 'root-app');
    database = await generated('database', '--service', 'root-db', '--username', 'reader', '--database', 'main');
    kubernetes = await generated('kubernetes', '--kubernetes-cluster', 'root-kube', '--disable-exec-plugin');
  });
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await root?.[Symbol.asyncDispose]();
  });

  test('are good for what they were asked for', async () => {
    expect(await curl(application)).toMatchObject(DONE);
    expect(await psql(database)).toEqual({ ...DONE, stdout: ANSWER });
    expect(await kubectl(kubernetes, 'get', 'pods', '-o', 'name')).toEqual({ ...DONE, stdout: 'pod/web-0\n' });
    expect(await kubernetesProxy(kubernetes)).toContain('"user":"bot-ci"');
  });

  test('are good for nothing else', async () => {
    const invalid = 'access denied: invalid client certificate';
    for (const use of [application, kubernetes])
      expect(await psql(use)).toMatchObject({ code: 2, stderr: including(invalid) });
    for (const use of [application, database]) expect(await kubernetesProxy(use)).toContain(invalid);
    for (const use of [database, kubernetes]) expect((await curl(use)).code, use.out).not.toBe(0);
    for (const { out } of [application, database, kubernetes]) {
      await expect(api(out), out).rejects.toThrow('it may only be used for usage:');
      expect(existsSync(join(out, 'key-cert.pub')), out).toBe(false);
    }
  });

  test('are so because of the socket', async () => {
    await using free = await RealAgent.start(root, 'free', root.teleport.authAddress);
    const out = await free.generate('application', 'application', '--app-name', 'root-app');
    expect((await api(out)).clusterName).toBe('root.test');
    expect(await kubernetesProxy({ out, through: root })).toContain('Kubernetes cluster');
  });

  test('are all that there is', async () => {
    const refused = await agent.run('generate', '--socket', agent.socket, 'identity', '--out', agent.path('refused'));
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringMatching(/^error: .*identity/) });
  });
});
