import { issue } from './agent/issue.ts';
import type { Bench } from './bench.ts';

/** All benches, in the order of the table. */
export const benches: Readonly<Record<string, Bench>> = { issue };
