import { UsageError } from '../exit.ts';
import type { GeneratePlan } from './plan.ts';

/**
 * Runs a command with files of a credential that live as long as it does.
 *
 * @returns the command's exit code
 */
export async function runCommand(_plan: GeneratePlan, _words: readonly string[]): Promise<number> {
  throw new UsageError('--exec cannot be done yet');
}
