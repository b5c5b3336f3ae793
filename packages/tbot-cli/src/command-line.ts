import { ExitCode, errorLines, exitCodeOf } from './exit.ts';
import { fastGenerateArguments } from './generate/fast-arguments.ts';
import { generateCredential } from './generate/generate.ts';
import { fastKubeArguments } from './kube/kube-arguments.ts';
import { printKubeCredentials } from './kube/kube-credentials.ts';
import { fastSshProxyArguments } from './ssh-proxy/fast-arguments.ts';

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
    const fastKube = fastKubeArguments(argv);
    if (fastKube) {
      await printKubeCredentials(fastKube);
      return ExitCode.OK;
    }
    const fastSsh = fastSshProxyArguments(argv);
    if (fastSsh) {
      const { runSshProxy } = await import('./ssh-proxy/ssh-proxy.ts');
      await runSshProxy(fastSsh);
      return ExitCode.OK;
    }
    const { runProgram } = await import('./program.ts');
    await runProgram(argv);
    return Number(process.exitCode ?? ExitCode.OK);
  } catch (error) {
    process.stderr.write(errorLines(error));
    return exitCodeOf(error);
  }
}
