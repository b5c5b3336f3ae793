import { burst } from './agent/burst.ts';
import { database } from './agent/database.ts';
import { issue } from './agent/issue.ts';
import { memory } from './agent/memory.ts';
import { realCluster } from './agent/real-cluster.ts';
import { streams } from './agent/streams.ts';
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
  'real-cluster': realCluster,
  database,
  streams,
  burst,
  unary,
  watch,
  imports,
  memory,
  cluster,
  listing,
};
