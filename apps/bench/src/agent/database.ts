import type { Bench } from '../bench.ts';
import { interleaved, type Load, load, median, ratio } from '../measure.ts';
import { startHelper } from '../process/helper.ts';
import { Scratch } from '../process/leftovers.ts';
import { ms } from '../report.ts';
import { startAgent } from './agent.ts';
import type { StubReady } from './auth-stub.ts';
import { Caller, databaseRequest, issueRequest } from './caller.ts';

/** Database credentials that are asked for at once. */
const DATABASES = 50;
/** Few enough for the agent to keep up on a small machine: what is looked at is the wait for it, not its capacity. */
const IN_FLIGHT = 4;

/** Whether other callers feel it that RSA keys are made for many database credentials. */
export const database: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const cluster = { address: stub.ready.address, caPin: stub.ready.caPin, token: 'bench-token' };
  await using agent = await startAgent(scratch, 'agent', cluster);
  using others = new Caller(agent.socket, issueRequest());
  using databases = new Caller(agent.socket, databaseRequest);
  await Promise.all([load(() => others.issue(), 500, IN_FLIGHT), databases.issue()]);

  const burstMs: number[] = [];
  const alone = (): Promise<Load> => load(() => others.issue(), 500, IN_FLIGHT);
  const beside = async (): Promise<Load> => {
    const started = performance.now();
    let done = false;
    const burst = Promise.all(Array.from({ length: DATABASES }, () => databases.issue())).then(() => {
      done = true;
      burstMs.push(performance.now() - started);
    });
    const parts: Load[] = [];
    while (!done) parts.push(await load(() => others.issue(), 100, IN_FLIGHT));
    await burst;
    return {
      perSecond: median(parts.map(({ perSecond }) => perSecond)),
      p50: median(parts.map(({ p50 }) => p50)),
      p99: Math.max(...parts.map(({ p99 }) => p99)),
    };
  };
  const samples = await interleaved({ beside, alone }, quick ? 3 : 9);
  const [p99, p99Alone] = [samples.beside.map((s) => s.p99), samples.alone.map((s) => s.p99)];
  const [p50, p50Alone] = [samples.beside.map((s) => s.p50), samples.alone.map((s) => s.p50)];
  return {
    rows: [
      {
        what: `issue beside ${DATABASES} database credentials: p50`,
        ours: ms(median(p50)),
        baseline: `${ms(median(p50Alone))} without them`,
        ratio: ratio(p50, p50Alone),
      },
      {
        what: `issue beside ${DATABASES} database credentials: p99`,
        ours: ms(median(p99)),
        baseline: `${ms(median(p99Alone))} without them`,
        ratio: ratio(p99, p99Alone),
      },
      {
        what: `${DATABASES} database credentials at once, RSA keys by the agent`,
        ours: ms(median(burstMs)),
        baseline: '',
      },
    ],
  };
};
