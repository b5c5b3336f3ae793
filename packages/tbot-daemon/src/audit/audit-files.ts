import { TeleportError } from '@teleport-ts/api-types';
import type { AuditConfig, Logger } from '@teleport-ts/tbot-core';
import type { ChainHead } from './audit-chain.ts';
import { openAuditFile } from './audit-file.ts';
import type { AuditSink } from './audit-sink.ts';

/**
 * The audit files of an agent, each opened once: sockets that name the same one write to it in turn. The log says where
 * a chain goes on and where it ends, which is what a later check is held against.
 */
export class AuditFiles implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #sinks = new Map<string, { chain: boolean; sink: AuditSink }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @throws TeleportError `bad_parameter` when the file cannot be written, or cannot go on with its chain */
  async open({ file, chain = false }: AuditConfig): Promise<AuditSink> {
    const known = this.#sinks.get(file);
    if (known && known.chain !== chain) {
      throw new TeleportError(
        'bad_parameter',
        `the audit file ${file} is a chain for one socket, and none for another`,
        {
          hint: 'write `chain` the same way at each socket, or give each a file of its own',
        },
      );
    }
    if (known) return known.sink;
    const sink = await openAuditFile(file, { chain });
    this.#sinks.set(file, { chain, sink });
    if (chain) this.#logger.info({ file, ...sink.head?.() }, 'the audit chain goes on behind this record');
    return sink;
  }

  /** The last record of each chain. */
  heads(): { file: string; head: ChainHead }[] {
    return [...this.#sinks].flatMap(([file, { sink }]) => {
      const head = sink.head?.();
      return head ? [{ file, head }] : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sinks.values()].map(({ sink }) => sink[Symbol.asyncDispose]()));
    for (const { file, head } of this.heads())
      this.#logger.info({ file, ...head }, 'the audit chain ends with this record');
    this.#sinks.clear();
  }
}
