import type { Findings } from './report.ts';

export interface BenchOptions {
  /** Few rounds: to see that it works, not for numbers to quote. */
  readonly quick: boolean;
}

/** Measures one thing beside its baseline. */
export type Bench = (options: BenchOptions) => Promise<Findings>;
