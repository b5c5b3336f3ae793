import { TeleportError } from '@teleport-ts/api-types';
import { asText } from '../logging/escapes.ts';
import { AppendFile, type FileSystem } from './append-file.ts';
import { type ChainHead, chainedLine } from './audit-chain.ts';
import { bounded } from './audit-record.ts';
import type { AuditSink } from './audit-sink.ts';
import { chainEnd, keepHead } from './chain-end.ts';

export interface AuditFileOptions {
  /** Ties each record to the one before, see `audit-chain.ts`. Default false. */
  chain?: boolean;
  files?: FileSystem;
}

/**
 * Records into a file of its own, one JSON line each, mode 0600. A record is written before the answer goes out, so
 * what cannot be recorded is not handed out.
 *
 * @throws TeleportError `bad_parameter` when the file cannot be opened, or cannot go on with its chain
 */
export async function openAuditFile(path: string, options: AuditFileOptions = {}): Promise<AuditSink> {
  const { chain = false, files } = options;
  const file = await AppendFile.open(path, { exclusive: chain, ...(files && { files }) });
  try {
    return auditFileSink(file, chain ? await chainEnd(file) : undefined);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function auditFileSink(file: AppendFile, end: ChainHead | undefined): AuditSink {
  let head = end;
  let failing = false;
  let last: Promise<void> = Promise.resolve();

  const append = async (entry: object): Promise<void> => {
    const next = head && chainedLine(entry, head);
    try {
      await file.append(next?.line ?? asText(JSON.stringify(entry)));
      head = next?.head;
      failing = false;
    } catch (cause) {
      failing = true;
      throw new TeleportError('connection_problem', 'the request cannot be recorded, so it is refused', {
        retryable: true,
        hint: `see whether the agent, and nobody else, can write to its audit file ${file.path}`,
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

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await last;
    await file.close();
    if (head) await keepHead(file.path, head);
  };
  return {
    ready: async () => {
      if (failing) await inTurn({ time: new Date().toISOString(), event: 'audit', outcome: 'resumed' });
    },
    record: (record) => inTurn(bounded(record)),
    head: () => head,
    [Symbol.asyncDispose]: () => {
      closed ??= close();
      return closed;
    },
  };
}
