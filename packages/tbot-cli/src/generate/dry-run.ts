import { formatGoDuration } from '@teleport-ts/api-types';
import { type AgentDescription, type IdentityRequest, matchesPattern } from '@teleport-ts/tbot-core/client';
import { ExitCode } from '../exit.ts';
import { printable } from '../printable.ts';
import { print } from '../standard-output.ts';
import type { GeneratePlan } from './plan.ts';
import { targetText } from './report.ts';
import { openHost } from './run.ts';

/**
 * Tells what a plan would ask for and whether the socket allows it, by what the agent says of this caller. Nothing is
 * issued, and the cluster is not asked whether it knows the name.
 *
 * @returns the exit code that a refusal would have
 */
export async function dryRun(plan: GeneratePlan): Promise<ExitCode> {
  const host = openHost(plan);
  try {
    const verdict = judge(plan.request, await host.describe({ timeoutMs: plan.timeoutMs }));
    print(verdict.text);
    return verdict.exitCode;
  } finally {
    await host.close();
  }
}

/** What {@link judge} finds. */
export interface DryRunVerdict {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Compares a request with what the agent says may be asked for. */
export function judge(request: IdentityRequest, agent: AgentDescription): DryRunVerdict {
  const { roles = agent.roles, cluster = agent.cluster, ttlMs = agent.defaultTtlMs, kind } = request;
  const problems: string[] = [];
  if (!agent.kinds.includes(kind)) problems.push(`the socket issues no ${kind} credentials, only ${list(agent.kinds)}`);
  const patterns = agent.names.get(kind);
  if ('name' in request && patterns && !patterns.some((pattern) => matchesPattern(pattern, request.name))) {
    problems.push(`the socket does not serve ${request.name}, only ${list(patterns)}`);
  }
  const foreign = roles.filter((role) => !agent.roles.includes(role));
  if (foreign.length > 0) problems.push(`the socket does not allow ${list(foreign)}, only ${list(agent.roles)}`);
  if (!agent.clusters.includes(cluster)) {
    problems.push(`the socket does not lead to ${cluster}, only to ${list(agent.clusters)}`);
  }
  let refusedForTtl = false;
  if (ttlMs < agent.minTtlMs) {
    refusedForTtl = true;
    problems.push(`the lifetime is below ${formatGoDuration(agent.minTtlMs)}`);
  }
  const effectiveMs = Math.min(ttlMs, agent.maxTtlMs);
  const cut = effectiveMs < ttlMs ? `, cut from ${formatGoDuration(ttlMs)}` : '';
  const rows: [string, string][] = [
    ['socket', agent.socket],
    [kind, targetText(request) || '(SSH and X.509)'],
    ['cluster', cluster],
    ['roles', list(roles)],
    ['lifetime', `${formatGoDuration(effectiveMs)}${cut}`],
  ];
  const lines = rows.map(([name, value]) => `  ${name.padEnd(11)}  ${value}\n`).join('');
  if (problems.length === 0) return { text: printable(`Would be asked for:\n${lines}`), exitCode: ExitCode.OK };
  return {
    text: printable(`Would be refused:\n${lines}${problems.map((problem) => `  ! ${problem}\n`).join('')}`),
    exitCode: refusedForTtl && problems.length === 1 ? ExitCode.USAGE : ExitCode.DENIED,
  };
}

const list = (names: readonly string[]): string => (names.length > 0 ? names.join(', ') : '(none)');
