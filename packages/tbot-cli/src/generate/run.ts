import {
  blockingFileSystem,
  DirectoryDestination,
  type Identity,
  SocketHost,
  type WriteResult,
} from '@teleport-ts/tbot-core/client';
import { printable } from '../printable.ts';
import { CredentialFileMaker } from './credential-files.ts';
import { issueCredential } from './issue.ts';
import type { GeneratePlan, GenerateTarget } from './plan.ts';
import { printedCredential } from './print.ts';
import { cutNote, writtenReport } from './report.ts';
import { stopSignals } from './stop-signals.ts';

/** What is printed: the result, and remarks beside it. */
export interface GenerateReport {
  readonly stdout: string;
  readonly stderr: string;
}

/** Asks the agent and does with the credential what the target says, once. */
export async function runGenerate(
  plan: GeneratePlan,
  target: Extract<GenerateTarget, { type: 'directory' | 'print' }>,
): Promise<GenerateReport> {
  const host = openHost(plan);
  try {
    if (target.type === 'directory') return await runIntoDirectory(host, plan, target.path);
    const identity = await issueCredential(host, plan, { onWait: tellOfWait });
    return { stdout: printedCredential(identity, plan.request, target.format), stderr: cutNote(identity) };
  } finally {
    await host.close();
  }
}

/** The agent that a plan asks; to be closed. */
export function openHost({ socket, timeoutMs }: Pick<GeneratePlan, 'socket' | 'timeoutMs'>): SocketHost {
  return new SocketHost({ socket, timeoutMs, userAgent: 'tbot' });
}

/**
 * The directory is opened first: what cannot be written is not asked for, since every application certificate leaves a
 * session in the cluster. One that was made for nothing goes away again, also when a signal ends the command.
 *
 * @throws Stopped by a signal
 */
async function runIntoDirectory(host: SocketHost, plan: GeneratePlan, path: string): Promise<GenerateReport> {
  using stop = stopSignals();
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error), { once: true });
  });
  // It may come where nobody waits for it.
  stopped.catch(() => {});
  const [destination] = await Promise.all([openWritable(path), host.prepare(plan.request.kind)]);
  try {
    const identity = await Promise.race([stopped, issueCredential(host, plan, { onWait: tellOfWait })]);
    const { files, notes } = await Promise.race([stopped, new CredentialFileMaker(plan, path).filesOf(identity)]);
    const result: WriteResult & { identity: Identity } = { ...(await destination.write(files)), identity };
    return {
      stdout: writtenReport(plan, path, result),
      stderr: printable(`${cutNote(identity)}${notes.map((note) => `note: ${note}\n`).join('')}`),
    };
  } catch (error) {
    await destination.discard();
    throw error;
  }
}

async function openWritable(path: string): Promise<DirectoryDestination> {
  const destination = await DirectoryDestination.open(path, { fileSystem: blockingFileSystem });
  await destination.checkWritable();
  return destination;
}

function tellOfWait(error: Error): void {
  process.stderr.write(printable(`note: waiting, since ${error.message}\n`));
}
