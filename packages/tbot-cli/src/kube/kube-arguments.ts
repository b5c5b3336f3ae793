import type { GenerateArguments } from '../generate/arguments.ts';
import { fastGenerateArguments } from '../generate/fast-arguments.ts';

/** What a command line of `tbot kube credentials` says: that of `tbot generate kubernetes`, or a directory. */
export type KubeArguments = Pick<
  GenerateArguments,
  'socket' | 'timeout' | 'cluster' | 'ttl' | 'roles' | 'kubernetesCluster' | 'wait'
> & {
  /** Where the files of a credential are; then no agent is asked. */
  readonly destinationDir?: string;
};

/** Options of `tbot generate kubernetes` that this command has not. */
const FOREIGN: readonly (keyof GenerateArguments)[] = ['out', 'print', 'exec', 'watch', 'dryRun', 'disableExecPlugin'];

/**
 * Reads the common form by hand, as {@link fastGenerateArguments} does: kubectl waits for this command.
 *
 * @returns undefined for all else
 */
export function fastKubeArguments(argv: readonly string[]): KubeArguments | undefined {
  const [kube, credentials, ...rest] = argv;
  if (kube !== 'kube' || credentials !== 'credentials') return undefined;
  const read = fastGenerateArguments(['generate', 'kubernetes', ...rest]);
  if (!read || FOREIGN.some((option) => option in read)) return undefined;
  const { kind: _, ...given } = read;
  return given;
}
