import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/** What grpc-js goes by itself; whoever sets one of them wants to read what it writes. */
const VARIABLES = ['GRPC_NODE_VERBOSITY', 'GRPC_VERBOSITY'] as const;

/**
 * Keeps grpc-js from writing to standard error on its own. It repeats metadata that it cannot read as it came: a caller,
 * or a cluster, could write to the log past its levels, limits and escapes.
 */
export function silenceGrpcLog(environment: Readonly<Record<string, string | undefined>> = process.env): void {
  if (VARIABLES.every((name) => !environment[name])) setLogVerbosity(logVerbosity.NONE);
}
