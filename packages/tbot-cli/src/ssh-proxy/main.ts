import { ExitCode, errorLines, exitCodeOf } from '../exit.ts';
import type { SshProxyArguments } from './arguments.ts';
import { fastSshProxyArguments } from './fast-arguments.ts';
import { runSshProxy } from './ssh-proxy.ts';

// `tbot ssh-proxy-command` has a file of its own: every connection of OpenSSH starts it and waits for it.
const argv = process.argv.slice(2);
const fast = fastSshProxyArguments(argv);
void (fast ? carry(fast) : anyLine()).then((code) => process.exit(code));

async function carry(given: SshProxyArguments): Promise<number> {
  try {
    await runSshProxy(given);
    return ExitCode.OK;
  } catch (error) {
    process.stderr.write(errorLines(error));
    return exitCodeOf(error);
  }
}

async function anyLine(): Promise<number> {
  const { runCommandLine } = await import('../command-line.ts');
  return await runCommandLine(argv);
}
