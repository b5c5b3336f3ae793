import { issue } from './agent/issue.ts';
import { memory } from './agent/memory.ts';
import type { Bench } from './bench.ts';
import { cluster } from './cluster.ts';
import { generate } from './generate.ts';
import { imports } from './imports.ts';
import { listing } from './listing.ts';
import { unary } from './unary.ts';
import { watch } from './watch.ts';

/** All benches, in the order of the table. */
export const benches: Readonly<Record<string, Bench>> = {
  generate,
  issue,
  unary,
  watch,
  imports,
  memory,
  cluster,
  listing,
};
