import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { areInstalled, type Finished, RunningProgram, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TBOT } from '../../test-support/journey.ts';
import { curl, kubectl, psql, ssh, type Use } from '../../test-support/real-consumers.ts';
import { RealAgent, RealServices } from '../../test-support/real-services.ts';

// Authorities of a real Teleport 18 are rotated while `tbot generate --watch` keeps files fresh: whoever uses the files
// notices nothing.

const PHASES = ['init', 'update_clients', 'update_servers', 'standby'];
const KINDS: readonly (readonly [kind: string, ...request: string[]])[] = [
  ['application', '--app-name', 'root-app'],
  ['database', '--service', 'root-db', '--username', 'reader', '--database', 'main'],
  ['kubernetes', '--kubernetes-cluster', 'root-kube', '--disable-exec-plugin'],
  ['identity'],
];

describe.skipIf(!teleportBinDir() || !areInstalled('psql', 'postgres', 'kubectl', 'ssh'))('a rotation', () => {
  let root: RealServices;
  let agent: RealAgent;
  const watching: RunningProgram[] = [];
  beforeAll(async () => {
    root = await RealServices.startRoot();
    agent = await RealAgent.start(root, 'ci', root.teleport.authAddress);
    for (const [kind, ...request] of KINDS) {
      const args = ['generate', '--socket', agent.socket, kind, ...request, '--out', agent.path(kind), '--watch'];
      const program = new RunningProgram(process.execPath, [TBOT, ...args], { env: agent.env });
      watching.push(program);
      await program.printed('Wrote ');
    }
  });
  afterAll(async () => {
    await Promise.all(watching.map((program) => program[Symbol.asyncDispose]()));
    await agent?.[Symbol.asyncDispose]();
    await root?.[Symbol.asyncDispose]();
  });

  const of = (kind: string): Use => ({ out: agent.path(kind), through: root });
  const uses: readonly (readonly [name: string, use: () => Promise<Finished>])[] = [
    ['curl', () => curl(of('application'))],
    ['psql', () => psql(of('database'))],
    ['kubectl', () => kubectl(of('kubernetes'), 'get', 'pods')],
    ['ssh', () => ssh(of('identity'), root, 'true')],
  ];
  const certificates = (): Promise<string[]> =>
    Promise.all(KINDS.map(([kind]) => readFile(join(agent.path(kind), 'tlscert'), 'utf8')));

  // A real cluster takes notice of new authorities of its clients once a minute: who goes on sooner to the phase in which
  // they sign, as this test does, finds what they signed refused until then, by the auth service and by the proxy.
  const noticed = { timeout: 150_000, interval: 500 };

  test.each(['user', 'host'])(
    'of the authority of the %ss',
    async (type) => {
      const before = await certificates();
      for (const phase of PHASES) {
        await root.teleport.tctl(['auth', 'rotate', '--manual', `--type=${type}`, `--phase=${phase}`]);
        if (phase === 'update_clients') {
          await vi.waitFor(async () => {
            for (const [index, now] of (await certificates()).entries()) expect(now).not.toBe(before[index]);
          }, noticed);
        }
        for (const [name, use] of uses) {
          await vi.waitFor(async () => expect(await use(), `${name} in ${phase}`).toMatchObject({ code: 0 }), noticed);
        }
      }
    },
    600_000,
  );
});
