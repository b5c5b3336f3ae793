import { areInstalled, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANSWER, claimsOf, curl, kubectl, psql, ssh, tsh } from '../../test-support/real-consumers.ts';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// What `tbot generate` writes, used by the programs that it is for, through a real Teleport 18, on real servers.

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

    const places = [['root', () => root] as const, ['leaf', () => leaf] as const];
    /** `tbot generate` for something of a cluster; the root is what goes without saying. */
    async function generated(place: string, ...request: string[]) {
      const cluster = place === 'root' ? [] : ['--cluster', leaf.teleport.name];
      return { out: await agent.generate(`${place}-${request[0]}`, ...request, ...cluster), through: root };
    }
    /** The name of the bot's user in a cluster. */
    const userIn = (place: string): string => (place === 'root' ? `bot-${bot}` : `remote-bot-${bot}-root.test`);

    test.each(places)('curl reaches an application of the %s', async (place, services) => {
      const { stdout, ...ended } = await curl(await generated(place, 'application', '--app-name', `${place}-app`));
      expect(ended).toEqual(DONE);
      expect(claimsOf(stdout)).toMatchObject({ iss: services().teleport.name, username: userIn(place) });
    });

    describe.skipIf(!areInstalled('psql', 'postgres'))('psql', () => {
      test.each(places)('logs in to a PostgreSQL of the %s', async (place, services) => {
        const request = ['--service', `${place}-db`, '--username', 'reader', '--database', 'main'];
        expect(await psql(await generated(place, 'database', ...request))).toEqual({ ...DONE, stdout: ANSWER });
        expect(services().postgres.log).toMatch(/connection authenticated: identity="CN=reader/);
      });
    });

    describe.skipIf(!areInstalled('kubectl'))('kubectl', () => {
      test.each(places)('lists pods of a Kubernetes cluster of the %s', async (place, services) => {
        const use = await generated(place, 'kubernetes', '--kubernetes-cluster', `${place}-kube`);
        expect(await kubectl(use, 'get', 'pods', '-o', 'name')).toEqual({ ...DONE, stdout: 'pod/web-0\n' });
        const asked = services().kubernetes.requests.findLast(({ path }) => path.endsWith('/pods'));
        expect(asked?.impersonated.user).toBe(userIn(place));
        expect(asked?.impersonated.groups).toContain('viewers');
      });
    });

    describe.skipIf(!areInstalled('ssh'))('ssh', () => {
      test.each(places)('runs a command on a node of the %s, through the proxy', async (_place, services) => {
        const use = await generated('root', 'identity');
        const script = 'echo here I am; head -c 1000000 /dev/zero | tee /dev/stderr | wc -c; exit 7';
        const { code, stdout, stderr } = await ssh(use, services(), script);
        expect({ code, stderr: stderr.length }).toEqual({ code: 7, stderr: 1_000_000 });
        // The node itself adds a line when a command fails.
        expect(stdout).toMatch(/^here I am\n1000000\n/);
      });
    });

    test.each(places)('tsh takes the identity file of the %s', async (place, services) => {
      const use = await generated(place, 'identity');
      // By itself it asks the cluster whose authority signed, whatever cluster the identity is for.
      const { name, ports } = services().teleport;
      const listed = await tsh(use, 'ls', `--cluster=${name}`, '--format=json');
      expect(listed.code).toBe(0);
      expect(JSON.parse(listed.stdout)).toMatchObject([
        { spec: { hostname: 'real', addr: `127.0.0.1:${ports.node}` } },
      ]);
      const ssh = ['ssh', `--cluster=${name}`, '-p', String(ports.node), `${root.login}@real`, 'echo', 'here I am'];
      const said = await tsh(use, ...ssh);
      expect(said).toMatchObject({ code: 0, stdout: 'here I am\n' });
    });
  });
});
