import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { TeleportError } from '@teleport-ts/api-types';
import { type ChainHead, type ChainLink, chainLink, NO_HEAD } from './audit-chain.ts';

/** A place in a file, and what is there. */
export interface ChainFinding {
  file: string;
  /** Counts from 1. */
  line: number;
  text: string;
}

/** What {@link verifyAuditFiles} found. */
export interface ChainReport {
  /** Records whose place in the chain was looked at. */
  records: number;
  /** `sequence` of the first one. Above 1: earlier files hold what came before. */
  first?: number;
  /** The last one; to be compared with what the agent's log says, or to be passed as `anchor` the next time. */
  head?: ChainHead;
  /** What breaks the chain, in order. Empty: nothing between the first and the last record is missing, new or changed. */
  problems: ChainFinding[];
  /** What does not: lines that a full disk or a crash has cut short, which were never confirmed to anybody. */
  notes: ChainFinding[];
}

export interface VerifyOptions {
  /** A record that must be there, known from elsewhere: what shows that the end is missing, or the whole was replaced. */
  anchor?: ChainHead;
}

/** A line that is longer is none of ours; its rest is passed over. */
const LONGEST_LINE_BYTES = 1024 * 1024;
/** Findings that are kept of each sort. */
const MOST_FINDINGS = 1000;

/**
 * Checks the chain of audit files (`audit: { file, chain: true }`), the oldest first; a name that ends in `.gz` is
 * unpacked. Reads them line by line, whatever their size.
 *
 * @throws TeleportError `not_found`, `bad_parameter` when a file cannot be read
 * @example
 * const { problems, head } = await verifyAuditFiles(['ci.audit.log.1', 'ci.audit.log']);
 */
export async function verifyAuditFiles(paths: readonly string[], options: VerifyOptions = {}): Promise<ChainReport> {
  const check = new ChainCheck(options.anchor);
  for (const path of paths) {
    let line = 0;
    for await (const bytes of linesOf(path)) {
      line += 1;
      check.look({ file: path, line }, bytes);
    }
  }
  return check.report(paths.at(-1) ?? '');
}

type Place = Pick<ChainFinding, 'file' | 'line'>;

class ChainCheck {
  readonly #anchor: ChainHead | undefined;
  readonly #problems: ChainFinding[] = [];
  readonly #notes: ChainFinding[] = [];
  #anchored = false;
  #records = 0;
  #first: number | undefined;
  #head: ChainHead | undefined;

  constructor(anchor: ChainHead | undefined) {
    this.#anchor = anchor;
  }

  look(place: Place, line: Buffer | undefined): void {
    const link = line && chainLink(line);
    if (!link) {
      if (line && isJson(line)) this.#add(this.#problems, place, 'this record is in no chain');
      else if (!line || !mayBeCutRecord(line))
        this.#add(this.#problems, place, 'this is no record, nor a piece of one');
      else this.#add(this.#notes, place, 'a line that was cut short');
      return;
    }
    this.#records += 1;
    if (!link.intact) this.#add(this.#problems, place, `record ${link.sequence} was changed`);
    const gap = this.#gapBefore(link);
    if (gap) this.#add(this.#problems, place, gap);
    this.#head = { sequence: link.sequence, hash: link.hash };
    this.#first ??= link.sequence;
    if (this.#anchor && link.intact && link.sequence === this.#anchor.sequence) {
      this.#anchored ||= link.hash === this.#anchor.hash;
    }
  }

  /** What lies between a record and the one before it. */
  #gapBefore({ sequence, previous }: ChainLink): string | undefined {
    const head = this.#head;
    if (!head) {
      const startsWell = sequence > 1 || previous === NO_HEAD.hash;
      return startsWell ? undefined : 'record 1 is tied to a record that cannot be';
    }
    if (sequence === head.sequence + 1) {
      return previous === head.hash ? undefined : `record ${sequence} is not tied to the record before it`;
    }
    if (sequence === 1) return `a new chain begins; nothing says what came after record ${head.sequence}`;
    const missing = sequence - head.sequence - 1;
    if (missing > 0)
      return `${missing === 1 ? 'a record is' : `${missing} records are`} missing before record ${sequence}`;
    return `record ${sequence} comes after record ${head.sequence}`;
  }

  #add(list: ChainFinding[], place: Place, text: string): void {
    if (list.length < MOST_FINDINGS) list.push({ ...place, text });
  }

  report(lastFile: string): ChainReport {
    if (this.#anchor && !this.#anchored) {
      const { sequence } = this.#anchor;
      const short = this.#head && this.#head.sequence < sequence;
      const text = short
        ? `the chain ends at record ${this.#head!.sequence}; record ${sequence} is missing`
        : `record ${sequence} is not the one that is known from elsewhere`;
      this.#problems.push({ file: lastFile, line: 0, text });
    }
    return {
      records: this.#records,
      ...(this.#first === undefined ? {} : { first: this.#first }),
      ...(this.#head && { head: this.#head }),
      problems: this.#problems,
      notes: this.#notes,
    };
  }
}

/** What a write that did not come to its end leaves: the beginning of a record, or the zeros of a disk without power. */
function mayBeCutRecord(line: Buffer): boolean {
  const first = line.find((byte) => byte !== 0);
  return first === undefined || first === 0x7b; // {
}

function isJson(line: Buffer): boolean {
  try {
    JSON.parse(line.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** Lines as bytes, split at newlines alone: a name may hold what other readers take for the end of a line. */
async function* linesOf(path: string): AsyncGenerator<Buffer | undefined> {
  const file = createReadStream(path);
  const source = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => source.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
        yield tooLong ? undefined : Buffer.concat([rest, chunk.subarray(start, end)]);
        rest = Buffer.alloc(0);
        tooLong = false;
        start = end + 1;
      }
      tooLong ||= rest.length + chunk.length - start > LONGEST_LINE_BYTES;
      rest = tooLong ? Buffer.alloc(0) : Buffer.concat([rest, chunk.subarray(start)]);
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new TeleportError('not_found', `there is no file ${path}`, { cause });
    throw new TeleportError('bad_parameter', `cannot read ${path}: ${code ?? message}`, { cause });
  }
  if (tooLong) yield undefined;
  else if (rest.length > 0) yield rest;
}
