import { constants } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import type { AppendFile } from './append-file.ts';
import { type ChainHead, chainLink, NO_HEAD } from './audit-chain.ts';

/**
 * Where a file's chain goes on: at its last record. In an empty file, which a rotation leaves behind, at what
 * {@link keepHead} kept when the agent stopped; where that is missing too, a chain begins.
 *
 * @throws TeleportError `bad_parameter` for a file whose last record is in no chain, or was changed
 */
export async function chainEnd(file: AppendFile): Promise<ChainHead> {
  const kept = await takeKeptHead(file.path);
  // Lines that a crash or a full disk has cut short were never confirmed to anybody.
  const newest = await file.lastLine(isRecord);
  if (!newest) return kept ?? NO_HEAD;
  const link = chainLink(newest);
  if (!link) {
    throw new TeleportError('bad_parameter', `the audit file ${file.path} holds records that are in no chain`, {
      hint: 'move it away, so that a new file begins with the chain',
    });
  }
  if (!link.intact) {
    throw new TeleportError('bad_parameter', `the last record of the audit file ${file.path} was changed`, {
      hint: `see what \`tbot audit verify ${file.path}\` says, and move the file away`,
    });
  }
  return { sequence: link.sequence, hash: link.hash };
}

function isRecord(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Hidden, so that a pattern for the file and what it was rotated to does not find it. */
const keptPath = (path: string): string => join(dirname(path), `.${basename(path)}.head`);
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Keeps the end of a chain beside its file, in case that the file is rotated before the agent comes back. */
export async function keepHead(path: string, head: ChainHead): Promise<void> {
  try {
    await rm(keptPath(path), { force: true });
    await using file = await open(keptPath(path), FLAGS, 0o600);
    await file.write(`${JSON.stringify(head)}\n`);
  } catch {
    // The end is in the file too, as long as nobody rotates it.
  }
}

/** What was kept, once: from here on the chain goes on, and an old end would be a wrong one. */
async function takeKeptHead(path: string): Promise<ChainHead | undefined> {
  try {
    const head: unknown = JSON.parse(await readFile(keptPath(path), 'utf8'));
    await rm(keptPath(path), { force: true });
    return isHead(head) ? head : undefined;
  } catch {
    return undefined;
  }
}

function isHead(value: unknown): value is ChainHead {
  const { sequence, hash } = (value ?? {}) as Partial<ChainHead>;
  return Number.isSafeInteger(sequence) && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
}
