import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Agent, startAgent, TBOT } from './agent/agent.ts';
import { APPLICATION } from './agent/names.ts';
import type { Bench } from './bench.ts';
import type { ClusterReady } from './cluster-process.ts';
import { interleaved, median, ratio } from './measure.ts';
import { type Helper, startHelper } from './process/helper.ts';
import { Scratch } from './process/leftovers.ts';
import { type Run, runNode, runTimed } from './process/run-node.ts';
import { ms, type Row } from './report.ts';

type Cluster = Helper<ClusterReady, 'token', string>;
type Command = () => Promise<Run>;

/** The whole command as a user runs it, beside a bare start of Node and, where there is one, Teleport's own tbot. */
export const generate: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using cluster: Cluster = await startHelper('cluster', undefined);
  await using agent = await startAgent(scratch, 'agent', cluster.ready);
  const ours = command(agent, scratch.join('ours'));
  const real = await realTbot(scratch, cluster);
  const bare: Command = () => runNode(['-e', '0']);
  await interleaved({ ours, bare }, 3); // warm: session, route and authorities are known to the agent
  const arms: Record<string, Command> = { ours, bare, ...(real.run && { real: real.run }) };
  const { ours: our = [], bare: empty = [], real: theirs } = await interleaved(arms, quick ? 10 : 40);

  const wall = (list: readonly Run[]): number[] => list.map(({ wallMs }) => wallMs);
  // Counted in ticks, so added up over all rounds.
  const cpu = (list: readonly Run[]): number => list.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / list.length;
  const rows: Row[] = [
    {
      what: 'tbot generate, wall, median',
      ours: ms(median(wall(our))),
      baseline: `${ms(median(wall(empty)))} node -e 0`,
      ratio: ratio(wall(our), wall(empty)),
      budget: { sign: '<=', value: 2.5 },
    },
    {
      what: 'tbot generate, CPU, mean',
      ours: ms(cpu(our)),
      baseline: `${ms(cpu(empty))} node -e 0`,
      ratio: cpu(our) / cpu(empty),
    },
  ];
  if (theirs) {
    rows.push({
      what: 'tbot generate, wall, median',
      ours: ms(median(wall(our))),
      baseline: `${ms(median(wall(theirs)))} one-shot of Teleport's tbot`,
      ratio: ratio(wall(our), wall(theirs)),
      budget: { sign: '<=', value: 0.4 },
    });
  }
  return { rows, notes: real.note === undefined ? [] : [real.note] };
};

function command(agent: Agent, out: string): Command {
  const socket = ['--socket', agent.socket];
  return () =>
    runNode([TBOT, 'generate', ...socket, 'application', '--app-name', APPLICATION, '--out', `file://${out}`]);
}

/** A run of Teleport's own tbot, which renews its stored identity and writes the same files; or why there is none. */
async function realTbot(scratch: Scratch, cluster: Cluster): Promise<{ run?: Command; note?: string }> {
  const folder = process.env.TELEPORT_BIN_DIR;
  const binary = folder && join(folder, 'tbot');
  if (!binary || !existsSync(binary)) {
    return { note: "Teleport's own tbot was not run: TELEPORT_BIN_DIR names no folder with it" };
  }
  const webCa = scratch.join('web-ca.pem');
  writeFileSync(webCa, cluster.ready.webCaPem);
  const args = [
    ...['start', 'application', '--oneshot', '--auth-server', cluster.ready.address, '--ca-pin', cluster.ready.caPin],
    ...['--storage', `file://${scratch.join('real-store')}`, '--destination', `file://${scratch.join('real')}`],
    ...['--app', APPLICATION, '--join-method', 'token', '--token', await cluster.ask('token')],
  ];
  const run: Command = () => runTimed(binary, args, { env: { SSL_CERT_FILE: webCa } });
  try {
    await run();
    return { run };
  } catch (error) {
    const [reason] = (error as Error).message
      .split('\n')
      .filter((line) => /error/i.test(line))
      .slice(-1);
    return { note: `Teleport's own tbot did not work against the embedded cluster: ${reason ?? 'it failed'}` };
  }
}
