import { methodPath, toMethodDefinition } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { DynamicCredentialsDefinition } from '@teleport-ts/tbot-core/proto';
import type { Bench } from '../bench.ts';
import { interleaved, type Load, load, median, ratio } from '../measure.ts';
import { startHelper } from '../process/helper.ts';
import { Scratch } from '../process/leftovers.ts';
import { cpuOf } from '../process/usage.ts';
import { type Budget, ms, perSecond, type Row } from '../report.ts';
import { startAgent } from './agent.ts';
import type { StubQuestion, StubReady } from './auth-stub.ts';
import { Caller, ISSUE_METHOD, issueRequest } from './caller.ts';
import type { RelayInput } from './relay.ts';

interface Sample extends Load {
  /** CPU time of the process in the middle, milliseconds. */
  readonly cpuMs: number;
}

/** Credentials through the agent's socket, beside two hops of bare grpc-js; the auth service of both is one stub. */
export const issue: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  await using stub = await startHelper<void, StubReady, StubQuestion, Buffer>('auth-stub', undefined);
  const cluster = { address: stub.ready.address, caPin: stub.ready.caPin, token: 'bench-token' };
  await using agent = await startAgent(scratch, 'agent', cluster);
  const request = issueRequest();
  using ours = new Caller(agent.socket, request);
  const answer = await ours.issue();

  const input: RelayInput = {
    socket: scratch.join('relay.sock'),
    method: ISSUE_METHOD,
    stub: stub.ready,
    upstreamMethod: methodPath(AuthServiceDefinition, 'generateUserCerts'),
    upstreamRequest: await stub.ask('last-certs-request'),
    response: toMethodDefinition(DynamicCredentialsDefinition, 'generateIdentity').responseSerialize(answer),
  };
  await using bare = await startHelper<RelayInput, null>('relay', input);
  using baseline = new Caller(input.socket, request);

  const rows: Row[] = [];
  for (const width of [1, 32]) {
    const calls = width === 1 ? 250 : 1000;
    const arm = (caller: Caller, pid: number, total: number) => async (): Promise<Sample> => {
      const before = cpuOf(pid);
      const measured = await load(() => caller.issue(), total, width);
      return { ...measured, cpuMs: (cpuOf(pid) - before) / total };
    };
    const arms = (total: number) => ({
      ours: arm(ours, agent.pid, total),
      baseline: arm(baseline, bare.pid, total),
    });
    await interleaved(arms(calls), 4); // until both are compiled
    const samples = await interleaved(arms(quick ? calls / 3 : calls), quick ? 7 : 21);
    const row = (what: string, key: keyof Sample, unit: (value: number) => string, budget?: Budget): Row => {
      const [a, b] = [samples.ours.map((s) => s[key]), samples.baseline.map((s) => s[key])];
      return {
        what: `issue, ${width} in flight: ${what}`,
        ours: unit(median(a)),
        baseline: `${unit(median(b))} two grpc-js hops`,
        ratio: ratio(a, b),
        ...(budget && { budget }),
      };
    };
    const loaded = width > 1;
    rows.push(
      row('throughput', 'perSecond', perSecond, loaded ? { sign: '>=', value: 0.8 } : undefined),
      row('p50', 'p50', ms),
      row('p99', 'p99', ms, loaded ? { sign: '<=', value: 1.5 } : undefined),
    );
    // Counted in ticks that are longer than a call, so added up over all rounds.
    const sum = (list: readonly Sample[]): number => list.reduce((all, { cpuMs }) => all + cpuMs, 0) / list.length;
    const [cpu, cpuBare] = [sum(samples.ours), sum(samples.baseline)];
    rows.push({
      what: `issue, ${width} in flight: CPU of the process between`,
      ours: ms(cpu),
      baseline: `${ms(cpuBare)} relay`,
      ratio: cpu / cpuBare,
    });
  }
  return { rows };
};
