import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import { DataDirInUse, DataDirLock } from '../store/data-dir-lock.ts';
import { CONTROL_VERSION } from './control.ts';
import { callControlSocket } from './control-socket.ts';
import type { FieldsOf, OperationName, ResultOf } from './operations.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Does something to the cluster in `dataDir`: over its socket while it runs, else on the files themselves, under their
 * lock. Another command that has the lock is waited for, `timeoutMs` at most.
 *
 * @throws TeleportError `not_found` when there is no cluster in that directory
 */
export async function reach<N extends OperationName>(
  dataDir: string,
  operation: N,
  fields: FieldsOf<N>,
  { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<ResultOf<N>> {
  if (!existsSync(join(dataDir, 'state.jsonl'))) {
    throw new TeleportError('not_found', `there is no cluster in ${resolve(dataDir)}`, {
      hint: `start one there: dev-cluster start --data-dir ${dataDir}`,
    });
  }
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await callControlSocket(dataDir, { version: CONTROL_VERSION, operation, fields });
    if (answer) return answer.result as ResultOf<N>;
    try {
      return await onFiles(dataDir, operation, fields);
    } catch (error) {
      if (!(error instanceof DataDirInUse)) throw error;
      const holder = DataDirLock.holder(dataDir);
      if (Date.now() > deadline && holder !== undefined) throw takesNoCommands(dataDir, holder);
      // Of two that step back before each other one should come first the next time.
      await new Promise((done) => setTimeout(done, 20 + Math.random() * 80));
    }
  }
}

async function onFiles<N extends OperationName>(dataDir: string, name: N, fields: FieldsOf<N>): Promise<ResultOf<N>> {
  // A command to a running cluster needs none of this.
  const [{ DevCluster }, { perform }] = await Promise.all([import('../dev-cluster.ts'), import('./operations.ts')]);
  const cluster = await DevCluster.start({ dataDir, listen: false });
  try {
    return await perform(cluster, { running: false }, name, fields);
  } finally {
    await cluster.stop();
  }
}

const takesNoCommands = (dataDir: string, pid: number): TeleportError =>
  new TeleportError('connection_problem', `the process ${pid} uses ${resolve(dataDir)} and takes no commands`, {
    hint: 'only a cluster that was started by `dev-cluster start` does; stop that process and try again',
  });
