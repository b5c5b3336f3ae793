import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { startHelper } from '../process/helper.ts';
import { Scratch } from '../process/leftovers.ts';
import { residentMiB } from '../process/usage.ts';
import { mib } from '../report.ts';
import { startAgent } from './agent.ts';
import type { StubReady } from './auth-stub.ts';
import { Caller, issueRequest } from './caller.ts';

const CLIENTS = 50;
/** Until the agent has found itself idle and has given back what it can. */
const SETTLE_MS = 25_000;
const LIMIT_MIB = 150;

/** Memory of an agent that keeps many streams of credentials open. */
export const streams: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const cluster = { address: stub.ready.address, caPin: stub.ready.caPin, token: 'bench-token' };
  await using agent = await startAgent(scratch, 'agent', cluster);
  const perClient = quick ? 4 : 20;
  const callers = Array.from({ length: CLIENTS }, () => new Caller(agent.socket, issueRequest()));
  try {
    await Promise.all(callers.map((caller) => Promise.all(Array.from({ length: perClient }, () => caller.watch()))));
    await sleep(SETTLE_MS);
    const resident = residentMiB(agent.pid);
    return {
      rows: [
        {
          what: `agent, ${CLIENTS * perClient} open streams of ${CLIENTS} clients: resident memory`,
          ours: mib(resident),
          baseline: `${LIMIT_MIB} MiB`,
          ratio: resident / LIMIT_MIB,
          budget: { sign: '<=', value: 1 },
        },
      ],
    };
  } finally {
    for (const caller of callers) caller[Symbol.dispose]();
  }
};
