import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { TeleportError } from '@teleport-ts/api-types';
import type { WebSocket } from 'ws';
import { failureOf } from '../web/web-failure.ts';
import type { WebOptions } from '../web/web-request.ts';
import { webTls } from '../web/web-tls.ts';
import { formatAddress } from './address.ts';
import type { DialStage } from './dial-attempt.ts';
import { DialError } from './dial-failure.ts';
import type { HttpProxy } from './http-proxy.ts';
import { openStream } from './http-tunnel.ts';
import { WebSocketStream } from './web-socket-stream.ts';

const PATH = '/webapi/connectionupgrade';
/** The one for connections to auth services: the proxy sends a ping each half minute, so that balancers see some life. */
const SUBPROTOCOL = 'alpn-ping';
/** The proxy cuts what it sends into frames of some 32 kB. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** What {@link openUpgrade} takes. */
export interface UpgradeOptions {
  readonly host: string;
  readonly port: number;
  readonly proxy?: HttpProxy | undefined;
  readonly web: Pick<WebOptions, 'webCa' | 'insecure'>;
}

/**
 * A byte stream through a proxy's web address by a WebSocket, for load balancers that end TLS. Inside it Teleport's TLS is
 * spoken as on the web port itself. The signal ends it only while it is being made.
 *
 * @throws DialError when the web certificate is not trusted, or what answers does not upgrade
 */
export async function openUpgrade(
  { host, port, proxy, web }: UpgradeOptions,
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Promise<Duplex> {
  const url = `https://${formatAddress(host, port)}${PATH}`;
  // Before there is a socket whose errors nobody hears while it loads.
  const { WebSocket } = await import('ws');
  const stream = await openStream({ host, port, proxy }, signal, reached);
  let stage: DialStage = 'tls';
  reached(stage);
  const tls = webTls(stream, host, web);
  tls.once('secureConnect', () => {
    stage = 'upgrade';
    reached(stage);
  });
  try {
    return await upgrade(WebSocket, tls, formatAddress(host, port), signal);
  } catch (cause) {
    tls.destroy();
    stream.destroy();
    if (signal.aborted) throw signal.reason;
    if (cause instanceof DialError) throw cause;
    const error = failureOf(cause, stage, url);
    throw new DialError({ stage: error.stage, error });
  }
}

function upgrade(Socket: typeof WebSocket, tls: TLSSocket, authority: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = new Socket(`wss://${authority}${PATH}`, [SUBPROTOCOL], {
      createConnection: (() => tls) as never,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      headers: { 'user-agent': 'teleport-ts' },
    });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('open', onOpen).off('unexpected-response', onRefusal);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.on('error', () => {}).terminate();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const onRefusal = (_request: unknown, response: IncomingMessage): void => {
      fail(new DialError({ stage: 'upgrade', error: refused(response.statusCode ?? 0, authority) }));
    };
    const onOpen = (): void => {
      settle();
      resolve(new WebSocketStream(socket));
    };
    const onError = (error: Error): void => fail(named(error, authority));
    socket.once('open', onOpen).once('error', onError);
    socket.once('unexpected-response', onRefusal);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function refused(status: number, authority: string): TeleportError {
  const message = `${authority} did not upgrade the connection: it answered ${status}`;
  const hint =
    status === 404
      ? 'a load balancer that does not pass the Upgrade header on gives this answer; or it is no Teleport proxy'
      : 'something in front of the proxy answers, or it is no Teleport proxy';
  return new TeleportError('connection_problem', message, { hint, retryable: status >= 500 });
}

/** What the library says of an answer that is no proper upgrade has no code; what a socket failed of has. */
function named(error: Error & { code?: string }, authority: string): Error {
  if (error.code !== undefined) return error;
  const message = `${authority} did not upgrade the connection: ${error.message}`;
  const hint = 'something in front of the proxy answers, or it is no Teleport proxy';
  const wrong = new TeleportError('connection_problem', message, { hint, retryable: false, cause: error });
  return new DialError({ stage: 'upgrade', error: wrong });
}
