import { DirectoryDestination, type Logger, SocketHost, silentLogger } from '@teleport-ts/tbot-core/client';
import { ExitCode } from '../exit.ts';
import { printable } from '../printable.ts';
import { print } from '../standard-output.ts';
import { CredentialFileMaker } from './credential-files.ts';
import { type FreshFiles, freshFiles } from './fresh-files.ts';
import type { GeneratePlan } from './plan.ts';
import { cutNote, isoSeconds, writtenReport } from './report.ts';
import { stopSignals } from './stop-signals.ts';

/**
 * Keeps the files in a directory fresh until stopped by a signal.
 *
 * @returns the exit code
 */
export async function watchFiles(plan: GeneratePlan, directory: string): Promise<number> {
  using stop = stopSignals();
  await using host = watchingHost(plan);
  const destination = await DirectoryDestination.open(directory);
  await destination.checkWritable();
  const maker = new CredentialFileMaker(plan, directory);
  let count = 0;
  try {
    const { signal } = stop;
    for await (const files of freshFiles({ host, plan, maker, destination, signal, onTrouble: tell })) {
      if (count++ === 0) {
        print(writtenReport(plan, directory, files));
        process.stderr.write(cutNote(files.identity));
      } else tell(renewalText(files));
      for (const note of files.notes) tell(note);
    }
  } catch (error) {
    if (count === 0) await destination.discard();
    if (!stop.signal.aborted) throw error;
  }
  return ExitCode.OK;
}

/** The agent that a plan asks again and again, whose failures on the way are told. To be closed. */
export function watchingHost({ socket, timeoutMs }: Pick<GeneratePlan, 'socket' | 'timeoutMs'>): SocketHost {
  return new SocketHost({ socket, timeoutMs, userAgent: 'tbot', logger: troubleLogger(tell) });
}

/** The line about a set of files that was replaced. */
export function renewalText({ identity, written }: FreshFiles): string {
  return `renewed: ${written.length} files changed, expires ${isoSeconds(identity.expires)}`;
}

/** Tells a person what happens meanwhile. */
export function tell(text: string): void {
  // Files are kept fresh although nobody reads the remarks any more.
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => {});
  process.stderr.write(printable(`note: ${text}\n`));
}

function troubleLogger(onTrouble: (text: string) => void): Logger {
  return {
    ...silentLogger,
    warn: (fields: object, message?: string) => {
      const { error, nextTry } = fields as { readonly error?: unknown; readonly nextTry?: unknown };
      const next = nextTry instanceof Date ? `; next try at ${isoSeconds(nextTry)}` : '';
      onTrouble(`${message}${typeof error === 'string' ? `: ${error}` : ''}${next}`);
    },
  };
}
