import { ExitCode, errorLines, exitCodeOf } from './exit.ts';
import { fastGenerateArguments } from './generate/fast-arguments.ts';
import { generateCredential } from './generate/generate.ts';

/**
 * The whole of the command: does what the arguments say, and tells a failure on standard error. `generate` in its common
 * form needs no more than what is bundled with this; everything else loads the program with its full parser, which stays
 * outside of the bundle.
 *
 * @returns the exit code
 */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  try {
    const fast = fastGenerateArguments(argv);
    if (fast) return await generateCredential(fast);
    const { runProgram } = await import('./program.ts');
    await runProgram(argv);
    return Number(process.exitCode ?? ExitCode.OK);
  } catch (error) {
    process.stderr.write(errorLines(error));
    return exitCodeOf(error);
  }
}
