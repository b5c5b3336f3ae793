import { join } from 'node:path';
import { areInstalled, type Finished, runProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// What `tbot generate` writes, used by the programs that it is for, through a real Teleport 18, on real servers.

const binDir = teleportBinDir() as string;
const DONE = { code: 0, signal: null, stderr: '' };

describe.skipIf(!teleportBinDir())('credentials of a real cluster in use', () => {
  let root: RealServices;
  let leaf: RealServices;
  beforeAll(async () => {
    root = await RealServices.startRoot();
    leaf = await RealServices.startLeaf(root);
  });
  afterAll(async () => {
    await leaf?.[Symbol.asyncDispose]();
    await root?.[Symbol.asyncDispose]();
  });

  describe.each([
    ['auth', 'an auth service', () => root.teleport.authAddress],
    ['proxy', "a proxy's web address", () => root.teleport.proxyAddress],
  ])('by an agent (%s) at %s', (bot, _, address) => {
    let agent: RealAgent;
    beforeAll(async () => {
      agent = await RealAgent.start(root, bot, address());
    });
    afterAll(async () => {
      await agent?.[Symbol.asyncDispose]();
    });

    /** Whom a request is for, as flags; the root is what goes without saying. */
    const of = (services: RealServices): string[] => (services === root ? [] : ['--cluster', services.teleport.name]);
    const places = [['root', () => root] as const, ['leaf', () => leaf] as const];

    test.each(places)('curl reaches an application of the %s', async (place, services) => {
      const out = await agent.generate(`${place}-app`, 'application', '--app-name', `${place}-app`, ...of(services()));
      const { stdout, ...ended } = await runProgram('curl', [
        ...['-sS', '--fail', '--cacert', root.teleport.webCaPath, '--cert', join(out, 'tlscert')],
        ...['--key', join(out, 'key'), `https://${root.teleport.proxyAddress}/`],
      ]);
      expect(ended).toEqual(DONE);
      const [, claims = ''] = JSON.parse(stdout)['teleport-jwt-assertion'].split('.');
      expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
        iss: services().teleport.name,
        username: place === 'root' ? `bot-${bot}` : `remote-bot-${bot}-root.test`,
      });
    });

    describe.skipIf(!areInstalled('psql', 'postgres'))('psql', () => {
      test.each(places)('logs in to a PostgreSQL of the %s', async (place, services) => {
        const request = ['--service', `${place}-db`, '--username', 'reader', '--database', 'main'];
        const out = await agent.generate(`${place}-db`, 'database', ...request, ...of(services()));
        const { postgresProxyPort } = root;
        expect(
          await runProgram('psql', [
            ...['-X', '-A', '-t', '-c', 'select current_user, current_database()'],
            `host=localhost port=${postgresProxyPort} user=reader dbname=main sslmode=verify-full ` +
              `sslrootcert=${join(out, 'teleport-host-ca.crt')} sslcert=${join(out, 'tlscert')} sslkey=${join(out, 'key')}`,
          ]),
        ).toEqual({ ...DONE, stdout: 'reader|main\n' });
        expect(services().postgres.log).toMatch(/connection authenticated: identity="CN=reader/);
      });
    });

    describe.skipIf(!areInstalled('kubectl'))('kubectl', () => {
      test.each(places)('lists pods of a Kubernetes cluster of the %s', async (place, services) => {
        const request = ['--kubernetes-cluster', `${place}-kube`];
        const out = await agent.generate(`${place}-kube`, 'kubernetes', ...request, ...of(services()));
        const kubectl = (...args: string[]): Promise<Finished> =>
          runProgram('kubectl', [
            ...[`--kubeconfig=${join(out, 'kubeconfig.yaml')}`, `--cache-dir=${agent.path('cache')}`, ...args],
          ]);
        expect(await kubectl('get', 'pods', '-o', 'name')).toEqual({ ...DONE, stdout: 'pod/web-0\n' });
        const { stdout } = await kubectl('get', '--raw', '/whoami');
        expect(JSON.parse(stdout).impersonated).toMatchObject({
          user: place === 'root' ? `bot-${bot}` : `remote-bot-${bot}-root.test`,
          groups: expect.arrayContaining(['viewers']),
        });
      });
    });

    describe.skipIf(!areInstalled('ssh'))('ssh', () => {
      test.each(places)('runs a command on a node of the %s, through the proxy', async (_place, services) => {
        const out = await agent.generate('identity', 'identity');
        const ssh = (...args: string[]): Promise<Finished> =>
          runProgram('ssh', [
            ...['-F', join(out, 'ssh_config'), '-o', 'BatchMode=yes', '-p', String(services().teleport.ports.node)],
            ...[`${services().login}@real.${services().teleport.name}`, ...args],
          ]);
        expect(await ssh('echo', 'here I am')).toEqual({ ...DONE, stdout: 'here I am\n' });
        // A megabyte each way, every byte of which comes back.
        const checked = await ssh('head -c 1000000 /dev/zero | tee /dev/stderr | wc -c');
        expect({ ...checked, stderr: checked.stderr.length }).toEqual({
          ...DONE,
          stdout: '1000000\n',
          stderr: 1_000_000,
        });
        expect(await ssh('exit', '7')).toMatchObject({ code: 7 });
      });
    });

    test('tsh takes the identity file', async () => {
      const out = await agent.generate('for-tsh', 'identity');
      const tsh = (...args: string[]): Promise<Finished> =>
        runProgram(
          join(binDir, 'tsh'),
          ['-i', join(out, 'identity'), `--proxy=${root.teleport.proxyAddress}`, ...args],
          { env: { SSL_CERT_FILE: root.teleport.webCaPath, TELEPORT_HOME: agent.path('tsh') } },
        );
      const listed = await tsh('ls', '--format=json');
      expect(listed.code).toBe(0);
      expect(JSON.parse(listed.stdout)).toMatchObject([{ spec: { hostname: 'real' } }]);
      const said = await tsh('ssh', '-p', String(root.teleport.ports.node), `${root.login}@real`, 'echo', 'here I am');
      expect(said).toMatchObject({ code: 0, stdout: 'here I am\n' });
    });
  });
});
