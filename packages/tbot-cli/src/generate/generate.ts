import type { GenerateArguments } from './arguments.ts';
import { planGenerate } from './plan.ts';
import { runGenerate } from './run.ts';

/** `tbot generate … application`, from its arguments to what it prints. */
export async function generateApplication(given: GenerateArguments): Promise<void> {
  const { stdout, stderr } = await runGenerate(planGenerate(given, process.env), 'tbot');
  process.stderr.write(stderr);
  process.stdout.write(stdout);
}
