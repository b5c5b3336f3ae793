import { createHash } from 'node:crypto';
import { asText } from '../logging/escapes.ts';

/** The last record of a chain, which the next one is tied to. */
export interface ChainHead {
  /** Counts from 1. */
  sequence: number;
  /** SHA-256, lower-case hex. */
  hash: string;
}

/** What the first record of a chain is tied to. */
export const NO_HEAD: ChainHead = { sequence: 0, hash: '0'.repeat(64) };

/** How a chained line ends; the hash is over all bytes of the line in front of it. */
const END = /,"sequence":(\d{1,15}),"previous":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
/** `,"hash":"` with 64 digits, `"` and `}`. */
const HASH_CHARACTERS = 75;

/**
 * A record as a line of the chain: its JSON with `sequence`, `previous` (the hash of the line before) and `hash` as the
 * last members. `hash` is the SHA-256 of the line's text in front of `,"hash":`, so that whoever has a line can check it
 * with `sed` and `sha256sum`.
 *
 * @returns the line without its newline, and the new head
 */
export function chainedLine(entry: object, head: ChainHead): { line: string; head: ChainHead } {
  const sequence = head.sequence + 1;
  // Members that come last; a record has none of these names.
  const body = asText(JSON.stringify({ ...entry, sequence, previous: head.hash })).slice(0, -1);
  const hash = sha256(Buffer.from(body));
  return { line: `${body},"hash":"${hash}"}`, head: { sequence, hash } };
}

/** What a line says about its place in the chain. */
export interface ChainLink extends ChainHead {
  previous: string;
  /** Whether the line has the hash that it says. */
  intact: boolean;
}

/** Reads a line's place in the chain; undefined for a line that is in none. */
export function chainLink(line: Buffer): ChainLink | undefined {
  const [, sequence, previous, hash] = END.exec(line.subarray(-300).toString('latin1')) ?? [];
  if (sequence === undefined || previous === undefined || hash === undefined) return undefined;
  const intact = sha256(line.subarray(0, -HASH_CHARACTERS)) === hash;
  return { sequence: Number(sequence), previous, hash, intact };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
