import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Bench } from '../bench.ts';
import { startHelper } from '../process/helper.ts';
import { Scratch } from '../process/leftovers.ts';
import { residentMiB } from '../process/usage.ts';
import { mib } from '../report.ts';
import { startAgent } from './agent.ts';
import type { StubReady } from './auth-stub.ts';
import { Caller, issueRequest } from './caller.ts';

const CLIENTS = 200;
/** Until the agent has found itself idle and has given back what it can. */
const SETTLE_MS = 25_000;

/** More requests at once than a socket takes by default: each is served or refused, and nothing of them stays. */
export const burst: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const cluster = { address: stub.ready.address, caPin: stub.ready.caPin, token: 'bench-token' };
  await using agent = await startAgent(scratch, 'agent', cluster, {});
  const total = quick ? 2_000 : 10_000;
  const run = async (): Promise<Map<string, number>> => {
    const outcomes = new Map<string, number>();
    const request = issueRequest();
    const callers = Array.from({ length: CLIENTS }, () => new Caller(agent.socket, request));
    const ask = async (caller: Caller): Promise<void> => {
      const outcome = await caller.issue().then(
        () => 'served',
        ({ code }: { code: number }) => (code === status.RESOURCE_EXHAUSTED ? 'refused' : `status ${code}`),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    };
    await Promise.all(Array.from({ length: total }, (_, number) => ask(callers[number % CLIENTS] as Caller)));
    for (const caller of callers) caller[Symbol.dispose]();
    return outcomes;
  };
  const settled = async (): Promise<number> => {
    await sleep(SETTLE_MS);
    return residentMiB(agent.pid);
  };
  // Until code is compiled and the heap has its size.
  await run();
  await run();
  const before = await settled();
  const outcomes = await run();
  const after = await settled();
  const of = (outcome: string): number => outcomes.get(outcome) ?? 0;
  const answered = of('served') + of('refused');
  return {
    rows: [
      {
        what: `${total.toLocaleString('en')} requests at once from ${CLIENTS} clients: served or refused`,
        ours: `${of('served')} and ${of('refused')}`,
        baseline: `${total} asked`,
        ratio: answered / total,
        budget: { sign: '>=', value: 1 },
      },
      {
        what: 'agent, after that burst: resident memory',
        ours: mib(after),
        baseline: `${mib(before)} after the bursts before it`,
        ratio: after / before,
        budget: { sign: '<=', value: 1.1 },
      },
    ],
    notes: [...outcomes]
      .filter(([name]) => name.startsWith('status'))
      .map(([name, count]) => `burst: ${name}, ${count} times`),
  };
};
