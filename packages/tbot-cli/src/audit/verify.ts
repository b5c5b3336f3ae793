import { type ChainFinding, type ChainHead, type ChainReport, verifyAuditFiles } from '@teleport-ts/tbot-daemon';
import { ExitCode, UsageError } from '../exit.ts';

export interface VerifyAuditOptions {
  readonly files: readonly string[];
  /** `sequence:hash` of a record that must be there. */
  readonly anchor?: string;
  readonly format: 'text' | 'json';
}

/** What `tbot audit verify` prints, and how it ends. */
export interface AuditVerdict {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: ExitCode;
}

/**
 * Checks the chain of audit files.
 *
 * @throws UsageError for an anchor that is none; TeleportError when a file cannot be read
 */
export async function verifyAudit({ files, anchor, format }: VerifyAuditOptions): Promise<AuditVerdict> {
  const report = await verifyAuditFiles(files, anchor === undefined ? {} : { anchor: parseAnchor(anchor) });
  const exitCode = report.problems.length === 0 ? ExitCode.OK : ExitCode.OTHER;
  if (format === 'json') return { stdout: `${JSON.stringify(report, null, 2)}\n`, stderr: '', exitCode };
  const notes = report.notes.map((note) => `note: ${finding(note)}\n`).join('');
  const problems = report.problems.map((problem) => `error: ${finding(problem)}\n`).join('');
  return { stdout: exitCode === ExitCode.OK ? summary(report) : '', stderr: notes + problems, exitCode };
}

function parseAnchor(text: string): ChainHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim().toLowerCase()) ?? [];
  if (sequence === undefined || hash === undefined || Number(sequence) === 0) {
    throw new UsageError(
      `--anchor ${JSON.stringify(text)} is not the place of a record`,
      'write sequence:hash, as the agent logs it when it starts and stops',
    );
  }
  return { sequence: Number(sequence), hash };
}

function finding({ file, line, text }: ChainFinding): string {
  return line === 0 ? `${file}: ${text}` : `${file}:${line}: ${text}`;
}

function summary({ records, first, head }: ChainReport): string {
  if (!head) return 'ok: no records\n';
  const from = first === 1 ? '' : `; what came before record ${first} is in other files`;
  return `ok: ${records === 1 ? 'one record' : `${records} records`}${from}\nhead: ${head.sequence}:${head.hash}\n`;
}
