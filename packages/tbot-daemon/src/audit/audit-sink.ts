import type { Logger } from '@teleport-ts/tbot-core';
import type { ChainHead } from './audit-chain.ts';
import { type AuditRecord, bounded } from './audit-record.ts';

/** Where decisions are recorded. */
export interface AuditSink extends AsyncDisposable {
  /** Fails while records cannot be written; asked before a credential is issued. */
  ready(): Promise<void>;
  /** Resolves when the record is out of our hands. */
  record(record: AuditRecord): Promise<void>;
  /** The last record of the chain, where there is one. */
  head?(): ChainHead | undefined;
}

/** Records into the agent's log, at level info, with the message `audit`. */
export function logAuditSink(logger: Logger): AuditSink {
  return {
    ready: async () => {},
    record: async (record) => logger.info({ audit: bounded(record) }, 'audit'),
    [Symbol.asyncDispose]: async () => {},
  };
}
