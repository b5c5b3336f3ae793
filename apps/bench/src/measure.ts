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
export async function interleaved<Name extends string, T>(
  arms: Readonly<Record<Name, () => Promise<T>>>,
  rounds: number,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(arms) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>;
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

/** What {@link load} measured. */
export interface Load {
  readonly perSecond: number;
  /** Milliseconds of each call. */
  readonly p50: number;
  readonly p99: number;
}

/** Calls `work` `total` times with `width` of them in flight. */
export async function load(work: () => Promise<unknown>, total: number, width: number): Promise<Load> {
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
  const tookMs = performance.now() - started;
  return {
    perSecond: (total / tookMs) * 1000,
    p50: percentile(latenciesMs, 0.5),
    p99: percentile(latenciesMs, 0.99),
  };
}
