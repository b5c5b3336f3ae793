import type { Comparison } from '../comparison.ts';
import { assuming, told } from './assuming.ts';
import { creating } from './creating.ts';
import { deciding } from './deciding.ts';
import { knowing, listing } from './listing.ts';
import { pluginData } from './plugin-data.ts';
import { roles } from './roles.ts';

/** Access requests, and what stands on them. */
export const requests: readonly Comparison[] = [
  ...creating,
  ...deciding,
  ...listing,
  ...knowing,
  ...pluginData,
  ...assuming,
  ...told,
  ...roles,
];
