import { access } from './access.ts';
import { appSessions } from './app-sessions.ts';
import { asked } from './asked-clauses.ts';
import { authorities } from './authorities.ts';
import { calls } from './calls.ts';
import type { Comparison } from './comparison.ts';
import { configuration } from './configuration.ts';
import { following } from './following.ts';
import { issuing } from './issuing.ts';
import { listing } from './listing.ts';
import { locking } from './locking.ts';
import { machines } from './machines.ts';
import { olderClients } from './older-clients.ts';
import { requests } from './requests/index.ts';
import { writtenAuthorities } from './written-authorities.ts';

/** Every question, in the order in which they are put: some speak of what earlier ones have made. */
export const comparisons: readonly Comparison[] = [
  ...calls,
  ...access,
  ...asked,
  ...machines,
  ...issuing,
  ...locking,
  ...listing,
  ...authorities,
  ...writtenAuthorities,
  ...following,
  ...requests,
  ...appSessions,
  ...olderClients,
  ...configuration,
];
