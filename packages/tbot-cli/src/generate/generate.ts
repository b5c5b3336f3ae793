import { UsageError } from '../exit.ts';
import { print } from '../standard-output.ts';
import type { GenerateArguments } from './arguments.ts';
import { planGenerate } from './plan.ts';
import { runGenerate } from './run.ts';
import { Stopped } from './stop-signals.ts';

/**
 * `tbot generate`, from its arguments to what it prints. What not every call needs is loaded when it is.
 *
 * @returns the exit code: that of the command behind `--exec`, else 0, or that of a signal
 */
export async function generateCredential(given: GenerateArguments): Promise<number> {
  const plan = planGenerate(given, process.env);
  const { target } = plan;
  if (plan.dryRun) {
    const { dryRun } = await import('./dry-run.ts');
    return await dryRun(plan);
  }
  if (target.type === 'command') {
    const { runCommand } = await import('./exec.ts');
    return await runCommand(plan, target.words);
  }
  if (plan.watch && target.type === 'directory') {
    const { watchFiles } = await import('./watch.ts');
    return await watchFiles(plan, target.path);
  }
  if (target.type === 'nothing') throw new UsageError('--out is missing or empty');
  try {
    const { stdout, stderr } = await runGenerate(plan, target);
    process.stderr.write(stderr);
    print(stdout);
    return 0;
  } catch (error) {
    if (error instanceof Stopped) return error.exitCode;
    throw error;
  }
}
