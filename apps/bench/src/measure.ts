import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The middle of a list; NaN of an empty one. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that the share `p` (0 to 1) of a list does not exceed; NaN of an empty list. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

/**
 * Runs the arms in turn, round by round, in an order that alternates, and gives each arm's values.
 * Other load on the machine then meets all arms alike, and only their ratio is worth quoting.
 */
export async function interleaved<Name extends string>(
  arms: Readonly<Record<Name, () => Promise<number>>>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(arms) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? names : [...names].reverse();
    for (const name of order) values[name].push(await arms[name]());
  }
  return values;
}

/** Median of the ratios of two arms, round by round. */
export function ratio(ours: readonly number[], baseline: readonly number[]): number {
  return median(ours.map((value, round) => value / (baseline[round] as number)));
}

/** Wall time in milliseconds of one `node …args`, without what the user's environment adds to every start. */
export async function nodeRun(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...inherited } = process.env;
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...inherited, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const took = performance.now() - started;
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${code}: ${stderr}`);
  return took;
}

/** Calls `work` `total` times with `width` of them in flight; gives calls per second and each call's milliseconds. */
export async function load(
  work: () => Promise<unknown>,
  total: number,
  width: number,
): Promise<{ perSecond: number; latenciesMs: number[] }> {
  const latenciesMs: number[] = [];
  let left = total;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left > 0) {
        left -= 1;
        const began = performance.now();
        await work();
        latenciesMs.push(performance.now() - began);
      }
    }),
  );
  return { perSecond: (total / (performance.now() - started)) * 1000, latenciesMs };
}
