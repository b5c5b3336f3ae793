import { type ClientHttp2Session, connect, type Http2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { TeleportError } from '@teleport-ts/api-types';
import type { Clock, Timer } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import { DialError, dialFailure } from './dial-failure.ts';
import { handshake } from './handshake.ts';
import { openTcp } from './open-tcp.ts';
import type { OpenStream, Route } from './route.ts';
import { AUTH_SERVER_NAME } from './target.ts';
import { unexplainedClose } from './unexplained-close.ts';

/** Pings of a quiet connection, so that what is between does not forget it; no more often than Teleport likes. */
const PING_MS = 65_000;
const PONG_MS = 20_000;
/** What may be on its way here unread: a far proxy would wait for each 64 kB otherwise. */
const WINDOW_BYTES = 1024 * 1024;

/** An HTTP/2 connection to a proxy's gRPC service. */
export interface ProxySession {
  readonly http2: ClientHttp2Session;
  /** Why it ended, or what its end without a word most likely means. */
  failure(): TeleportError;
  /** Ends it and the connection below. */
  destroy(): void;
}

/**
 * Connects to a proxy's gRPC service without a gRPC library, for a program that is started for one stream: a library takes
 * longer to load than the rest takes altogether.
 *
 * @throws DialError; the signal's reason
 */
export async function openProxySession(
  route: Route,
  { connectMs, signal, clock }: { readonly connectMs: number; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<ProxySession> {
  const { host, port, address, alpn, handshakeMs = connectMs } = route;
  const open: OpenStream = route.open ?? ((until, reached) => openTcp(host, port, until, reached));
  const { set, ca } = await route.credential(signal);
  let lost: unknown;
  const raw = await open(signal, () => {}).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new DialError(dialFailure('tcp', error, { address }));
  });
  raw.on('error', (error) => {
    lost ??= error;
  });
  const options = { address, used: set, ca, alpn, timeoutMs: handshakeMs, signal };
  const socket = await handshake(raw, options);
  // Under TLS 1.3 a refused client certificate shows only now.
  socket.on('error', (error) => {
    lost ??= error;
  });
  const http2 = connect(`https://${AUTH_SERVER_NAME}`, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
  });
  http2.on('error', (error) => {
    lost ??= error;
  });
  http2.once('remoteSettings', () => http2.setLocalWindowSize(WINDOW_BYTES));
  const stopPings = ping(http2, clock, (error) => {
    lost ??= error;
    http2.destroy();
    socket.destroy();
  });
  http2.once('close', stopPings);
  return {
    http2,
    failure: () => failureOf(lost, address, set),
    destroy: () => end(http2, [socket, raw]),
  };
}

function failureOf(lost: unknown, address: string, used: CredentialSet): TeleportError {
  if (lost === undefined || (lost as NodeJS.ErrnoException).code === 'ECONNRESET') {
    return unexplainedClose({ address, used, cause: lost });
  }
  return dialFailure('h2', lost, { address, used }).error;
}

/** @returns what ends it */
function ping(http2: Http2Session, clock: Clock, onSilence: (error: TeleportError) => void): () => void {
  let timer: Timer;
  const wait = (): void => {
    timer = clock.setTimer(PING_MS, () => {
      timer = clock.setTimer(PONG_MS, () => {
        onSilence(new TeleportError('connection_problem', 'the proxy has gone silent', { retryable: true }));
      });
      http2.ping(() => {
        timer.cancel();
        if (!http2.destroyed) wait();
      });
    });
  };
  wait();
  return () => timer.cancel();
}

/** What has been handed over is written before the connection ends. */
function end(http2: ClientHttp2Session, streams: readonly Duplex[]): void {
  http2.close(() => {
    for (const stream of streams) stream.destroy();
  });
}
