import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { load, median, ratio } from '../measure.ts';
import { startHelper } from '../process/helper.ts';
import { Scratch } from '../process/leftovers.ts';
import { residentMiB } from '../process/usage.ts';
import { mib } from '../report.ts';
import { startAgent } from './agent.ts';
import type { StubReady } from './auth-stub.ts';
import { Caller, issueRequest } from './caller.ts';

/** How long a process may settle before its memory counts. */
const SETTLE_MS = 3_000;

/** Memory of an agent that waits, and whether it grows by what it issues. */
export const memory: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const cluster = { address: stub.ready.address, caPin: stub.ready.caPin, token: 'bench-token' };
  const idle: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    await using agent = await startAgent(scratch, `idle-${round}`, cluster);
    await using server = await startHelper('bare-server', { socket: scratch.join(`bare-${round}.sock`) });
    await sleep(SETTLE_MS);
    idle.push(residentMiB(agent.pid));
    bare.push(residentMiB(server.pid));
  }

  await using agent = await startAgent(scratch, 'agent', cluster);
  using caller = new Caller(agent.socket, issueRequest());
  const issue = async (count: number): Promise<number> => {
    // The lowest of some looks: what the collector has not come to yet is no growth.
    const looks: number[] = [];
    for (let part = 0; part < 5; part++) {
      await load(() => caller.issue(), count / 5, 32);
      await sleep(200);
      looks.push(residentMiB(agent.pid));
    }
    return Math.min(...looks);
  };
  const total = process.env.SOAK ? 100_000 : quick ? 1_000 : 5_000;
  // Until code is compiled and the heap has its size.
  await issue(total);
  const before = await issue(total / 2);
  const after = await issue(total);
  return {
    rows: [
      {
        what: 'agent, idle: resident memory',
        ours: mib(median(idle)),
        baseline: `${mib(median(bare))} bare grpc-js server`,
        ratio: ratio(idle, bare),
        budget: { sign: '<=', value: 1.6 },
      },
      {
        what: `agent, ${total.toLocaleString('en')} issues on: resident memory`,
        ours: mib(after),
        baseline: `${mib(before)} before them`,
        ratio: after / before,
        budget: { sign: '<=', value: 1.05 },
      },
    ],
  };
};
