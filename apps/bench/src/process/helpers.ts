import type { Run } from './helper.ts';

// biome-ignore lint/suspicious/noExplicitAny: helpers of all kinds stand in one table; `startHelper` names their types
type AnyRun = Run<any, any, any, any>;

/** The programs that benches run beside themselves, by name. */
export const helpers = {
  'auth-stub': async (): Promise<AnyRun> => (await import('../agent/auth-stub.ts')).run,
  'bare-server': async (): Promise<AnyRun> => (await import('../agent/bare-server.ts')).run,
  cluster: async (): Promise<AnyRun> => (await import('../cluster-process.ts')).run,
  'cluster-start': async (): Promise<AnyRun> => (await import('../cluster-start.ts')).run,
  'cluster-listing': async (): Promise<AnyRun> => (await import('../cluster-listing.ts')).run,
  relay: async (): Promise<AnyRun> => (await import('../agent/relay.ts')).run,
} as const;

export type HelperName = keyof typeof helpers;
