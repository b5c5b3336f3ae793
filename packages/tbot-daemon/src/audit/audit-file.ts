import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TeleportError } from '@teleport-ts/api-types';
import { bounded } from './audit-record.ts';
import type { AuditSink } from './audit-sink.ts';

/** How the file is opened: appended to, private, and never through a link. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Records into a file of its own, one JSON line each, mode 0600. A record is written before the answer goes out, so
 * what cannot be recorded is not handed out.
 *
 * @throws TeleportError `bad_parameter` when the file cannot be opened
 */
export async function openAuditFile(path: string): Promise<AuditSink> {
  let file: FileHandle;
  try {
    file = await open(path, FLAGS, 0o600);
  } catch (cause) {
    throw new TeleportError(
      'bad_parameter',
      `cannot open the audit file ${path}: ${(cause as NodeJS.ErrnoException).code}`,
      {
        hint: 'its folder must exist, and the agent must be allowed to write there',
        cause,
      },
    );
  }
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw new TeleportError('bad_parameter', `the audit file ${path} is not a regular file`);
  }
  return auditFileSink(file, path);
}

/** The sink on an open file. */
export function auditFileSink(file: Pick<FileHandle, 'write' | 'close'>, path: string): AuditSink {
  let torn = false;
  let failing = false;
  let last: Promise<void> = Promise.resolve();

  const append = async (entry: object): Promise<void> => {
    // A line that was cut by a full disk must not swallow the next one.
    const bytes = Buffer.from(`${torn ? '\n' : ''}${JSON.stringify(entry)}\n`);
    try {
      const { bytesWritten } = await file.write(bytes);
      torn = bytesWritten > 0 ? bytesWritten < bytes.length : torn;
      if (bytesWritten < bytes.length) throw new Error('the record was cut short');
      failing = false;
    } catch (cause) {
      failing = true;
      throw new TeleportError('connection_problem', 'the request cannot be recorded, so it is refused', {
        retryable: true,
        hint: `see whether the agent can write to its audit file ${path}`,
        cause,
      });
    }
  };
  /** One write at a time: a cut line is known before the next one begins. */
  const inTurn = (entry: object): Promise<void> => {
    const write = last.then(() => append(entry));
    last = write.catch(() => {});
    return write;
  };

  let closed = false;
  return {
    ready: async () => {
      if (failing) await inTurn({ time: new Date().toISOString(), event: 'audit', outcome: 'resumed' });
    },
    record: (record) => inTurn(bounded(record)),
    [Symbol.asyncDispose]: async () => {
      if (closed) return;
      closed = true;
      await last;
      await file.close();
    },
  };
}
