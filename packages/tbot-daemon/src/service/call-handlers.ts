import { Metadata, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '@teleport-ts/tbot-core';
import type { Peer } from '../sockets/peer.ts';
import { callStatus } from './call-status.ts';

/** Longest wait for the cluster, whatever deadline the caller has. */
const LONGEST_CALL_MS = 60_000;

/** Who calls, and how long they wait. */
export interface CallContext {
  peer?: Peer;
  /** Aborted when the caller is gone or its deadline has passed. */
  signal: AbortSignal;
}

/** The same for a stream. */
export interface StreamContext extends CallContext {
  /** Tells the caller that the stream is open, although nothing has come yet. */
  accept(): void;
}

export interface HandlerOptions {
  /** The caller by what grpc-js's `getPeer()` says. */
  peerOf: (name: string) => Peer | undefined;
  botExpires: () => Date | undefined;
  /** Aborted when the socket closes; open streams end with its reason. */
  stopping: AbortSignal;
  clock: Clock;
}

type Status = { code: number; details: string; metadata: Metadata };

/** Handlers in grpc-js's shape. A caller that goes away aborts what is done for it. */
export class CallHandlers {
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  unary<Request, Response>(run: (request: Request, context: CallContext) => Promise<Response>) {
    return (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>): void => {
      const gone = new AbortController();
      let answered = false;
      const late = this.#options.clock.setTimer(LONGEST_CALL_MS, () => {
        const message = `no answer from the cluster within ${formatGoDuration(LONGEST_CALL_MS)}`;
        gone.abort(new TeleportError('timeout', message, { retryable: true }));
      });
      const end = (): void => {
        answered = true;
        late.cancel();
      };
      // grpc-js says so at the end of every call, also of one that has its answer.
      call.on('cancelled', () => {
        if (!answered) gone.abort();
      });
      const peer = this.#options.peerOf(call.getPeer());
      run(call.request, { signal: gone.signal, ...(peer && { peer }) }).then(
        (response) => {
          end();
          answer(null, response);
        },
        (error: unknown) => {
          end();
          answer(this.#status(error));
        },
      );
    };
  }

  /** Takes one answer after the other, each when the one before is out: who does not read gets nothing more made. */
  stream<Request, Response>(run: (request: Request, context: StreamContext) => AsyncIterable<Response>) {
    return (call: ServerWritableStream<Request, Response>): void => {
      const { clock, stopping, peerOf } = this.#options;
      const gone = new AbortController();
      call.on('cancelled', () => gone.abort());
      const onStop = (): void => gone.abort(stopping.reason);
      if (stopping.aborted) onStop();
      stopping.addEventListener('abort', onStop, { once: true });
      // grpc-js tells the caller, but not the handler as long as something is unread.
      const leftMs = Number(call.getDeadline()) - Date.now();
      const late = Number.isFinite(leftMs)
        ? clock.setTimer(leftMs, () =>
            gone.abort(new TeleportError('timeout', 'the deadline of the stream has passed')),
          )
        : undefined;
      const peer = peerOf(call.getPeer());
      const accept = (): void => call.sendMetadata(new Metadata());
      const forward = async (): Promise<void> => {
        try {
          const answers = run(call.request, { signal: gone.signal, accept, ...(peer && { peer }) });
          for await (const answer of answers) await write(call, answer, gone.signal);
          call.end();
        } catch (error) {
          call.emit('error', this.#status(error));
        } finally {
          late?.cancel();
          stopping.removeEventListener('abort', onStop);
        }
      };
      void forward();
    };
  }

  #status(error: unknown): Status {
    return callStatus(error, this.#options.botExpires()) as Status;
  }
}

/** Resolves when the answer has left for the caller, as far as the caller's windows let it. */
function write<Response>(
  call: ServerWritableStream<unknown, Response>,
  answer: Response,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    call.write(answer, (error?: Error | null) => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}
