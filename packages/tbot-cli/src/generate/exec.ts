import { type DestinationHost, DirectoryDestination, type Identity } from '@teleport-ts/tbot-core/client';
import { errorLines } from '../exit.ts';
import { ChildCommand, CommandError } from './child-command.ts';
import { commandEnvironment, commandFiles } from './command-environment.ts';
import { CredentialFileMaker } from './credential-files.ts';
import { type FreshFiles, freshFiles } from './fresh-files.ts';
import type { GeneratePlan } from './plan.ts';
import { privateDirectory } from './private-directory.ts';
import { cutNote } from './report.ts';
import { exitCodeOfReason, stopSignals } from './stop-signals.ts';
import { renewalText, tell, watchingHost } from './watch.ts';

/**
 * Runs a command with files of a credential that live as long as it does, in a directory of its own. With `--watch` they
 * are renewed while it runs; when that fails for good, the command runs on with the last ones.
 *
 * @returns the command's exit code
 */
export async function runCommand(plan: GeneratePlan, words: readonly string[]): Promise<number> {
  await using directory = await privateDirectory();
  await using host = watchingHost(plan);
  const destination = await DirectoryDestination.open(directory.path);
  const ended = new AbortController();
  const stop = stopSignals();
  const credentials = freshFiles({
    host: plan.watch ? host : onlyOnce(host),
    plan,
    maker: withCurlConfig(new CredentialFileMaker(plan, directory.path), directory.path),
    destination,
    signal: AbortSignal.any([stop.signal, ended.signal]),
    onTrouble: tell,
  });
  let first: FreshFiles;
  try {
    first = (await credentials.next()).value as FreshFiles;
  } catch (error) {
    if (stop.signal.aborted) return exitCodeOfReason(stop.signal.reason);
    throw error;
  } finally {
    stop[Symbol.dispose]();
  }
  process.stderr.write(cutNote(first.identity));
  for (const note of first.notes) tell(note);
  const files = [...first.written, ...first.unchanged];
  const credential = { directory: directory.path, files, identity: first.identity, request: plan.request };
  const env = { ...process.env, ...commandEnvironment(credential, process.env) };
  const command = new ChildCommand(
    words,
    env,
    [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
  );
  const renewing = renew(credentials, ended.signal, (renewed) => {
    tell(renewalText(renewed));
    if (plan.reloadSignal) command.signal(plan.reloadSignal);
  });
  try {
    return await command.finished;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(errorLines(error));
    return error.exitCode;
  } finally {
    ended.abort();
    await renewing;
  }
}

async function renew(
  credentials: AsyncGenerator<FreshFiles>,
  ended: AbortSignal,
  onRenewed: (files: FreshFiles) => void,
): Promise<void> {
  try {
    for await (const renewed of credentials) onRenewed(renewed);
  } catch (error) {
    if (!ended.aborted) process.stderr.write(errorLines(error));
  }
}

/** A host that issues one credential and leaves it at that. */
function onlyOnce(host: Pick<DestinationHost, 'generateIdentity'>): Pick<DestinationHost, 'watchIdentity'> {
  return {
    async *watchIdentity(request, options) {
      yield await host.generateIdentity(request, options);
    },
  };
}

function withCurlConfig(maker: CredentialFileMaker, directory: string): Pick<CredentialFileMaker, 'filesOf'> {
  return {
    filesOf: async (identity: Identity) => {
      const { files, notes } = await maker.filesOf(identity);
      return { files: commandFiles(files, directory), notes };
    },
  };
}
