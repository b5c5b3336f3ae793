import { ExitCode, errorLines, exitCodeOf } from './exit.ts';
import { fastGenerateArguments } from './generate/fast-arguments.ts';
import { generateApplication } from './generate/generate.ts';

// The one place where the command ends. `generate` in its common form runs from this bundle alone; everything else loads
// the program with its full parser, which stays outside of it.
run(process.argv.slice(2)).then(
  () => process.exit(process.exitCode ?? ExitCode.OK),
  (error: unknown) => {
    process.stderr.write(errorLines(error));
    process.exit(exitCodeOf(error));
  },
);

async function run(argv: readonly string[]): Promise<void> {
  const fast = fastGenerateArguments(argv);
  if (fast) return await generateApplication(fast);
  const { runProgram } = await import('./program.ts');
  await runProgram(argv);
}
