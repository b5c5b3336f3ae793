import { areInstalled, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWER, curl, kubectl, psql, ssh, tsh, type Use } from '../../test-support/real-consumers.ts';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// The proxy of a real Teleport 18 that has a port for each protocol: what was written leads to each of them.

const DONE = { code: 0, signal: null, stderr: '' };

describe.skipIf(!teleportBinDir() || !areInstalled('psql', 'postgres', 'kubectl', 'ssh'))(
  'a proxy of many ports',
  () => {
    let root: RealServices;
    let agent: RealAgent;
    beforeAll(async () => {
      root = await RealServices.startRoot({ listenerMode: 'separate', postgresPort: false });
      agent = await RealAgent.start(root, 'ci', root.teleport.proxyAddress);
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
      await root?.[Symbol.asyncDispose]();
    });

    const generated = async (...request: string[]): Promise<Use> => ({
      out: await agent.generate(`${request[0]}`, ...request),
      through: root,
    });

    test('curl', async () => {
      expect(await curl(await generated('application', '--app-name', 'root-app'))).toMatchObject(DONE);
    });

    test('psql, on the web port', async () => {
      const request = ['database', '--service', 'root-db', '--database', 'main', '--format', 'tls'];
      const names = { cert: 'tls.crt', key: 'tls.key', ca: 'tls.cas' };
      expect(await psql(await generated(...request), names)).toEqual({ ...DONE, stdout: ANSWER });
      // What the certificate names is a default: who logs in is for the client to say, and for the role to allow.
      expect(await psql(await generated(...request, '--username', 'nobody'), names)).toEqual({
        ...DONE,
        stdout: ANSWER,
      });
    });

    test('kubectl', async () => {
      const use = await generated('kubernetes', '--kubernetes-cluster', 'root-kube');
      expect(await kubectl(use, 'get', 'pods', '-o', 'name')).toEqual({ ...DONE, stdout: 'pod/web-0\n' });
    });

    test('ssh and tsh', async () => {
      const use = await generated('identity');
      expect(await ssh(use, root, 'echo', 'here I am')).toEqual({ ...DONE, stdout: 'here I am\n' });
      expect(await tsh(use, 'ls')).toMatchObject({ code: 0, stdout: expect.stringContaining('env=demo') });
    });
  },
);
