import { randomBytes } from 'node:crypto';
import { TEMPORARY_SUFFIX } from './file-name.ts';
import { isRunning } from './running-process.ts';

/** Transactions that this process has under way; tells a leftover of a dead process of the same number from our own. */
const active = new Set<string>();

/** Names one set on its way to disk: `<process>-<random>`. */
export function beginTransaction(): string {
  const id = `${process.pid}-${randomBytes(6).toString('hex')}`;
  active.add(id);
  return id;
}

export function endTransaction(id: string): void {
  active.delete(id);
}

/** May somebody still be working on it? Without the right to know, yes. */
export function isUnderWay(id: string): boolean {
  const pid = Number.parseInt(id, 10);
  return pid === process.pid ? active.has(id) : isRunning(pid);
}

/** Where a file is written first: beside all others of the set, also if it belongs below a directory. */
export function temporaryName(name: string, id: string): string {
  return `.${name.replace('/', '%')}.${id}${TEMPORARY_SUFFIX}`;
}

/** The transaction that a temporary file belongs to; undefined for any other file. */
export function transactionOf(fileName: string): string | undefined {
  return /^\..+\.(\d+-[0-9a-f]{12})\.tmp$/.exec(fileName)?.[1];
}
