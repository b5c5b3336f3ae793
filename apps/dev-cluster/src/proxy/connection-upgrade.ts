import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { FramedStream, type Framing } from './framed-stream.ts';
import { noFraming, PingFraming } from './ping-framing.ts';
import { type SocketPairs, splice } from './socket-pairs.ts';
import { isWebSocketKey, WebSocketFraming, webSocketAccept } from './web-socket-framing.ts';

/** Where clients ask for a connection inside a connection, for lack of ALPN. Also under `/v1`. */
export const UPGRADE_PATH = '/webapi/connectionupgrade';

const PING_INTERVAL_MS = 30_000;
const SUBPROTOCOLS: ReadonlySet<string> = new Set(['alpn', 'alpn-ping']);

/** What a request to {@link UPGRADE_PATH} comes to: a refusal, or the answer behind which the other protocol begins. */
export type UpgradeDecision =
  | {
      readonly status: 400 | 404;
      readonly message: string;
    }
  | {
      readonly status: 101;
      readonly headers: Readonly<Record<string, string>>;
      /** Absent: the connection is closed behind the answer. */
      readonly framing?: Framing;
      readonly hasPings: boolean;
    };

/** Looks at the headers of an upgrade, in the order of the real proxy. */
export function decideUpgrade({ headers, headersDistinct }: IncomingMessage): UpgradeDecision {
  const wanted = ['x-teleport-upgrade', 'upgrade'].flatMap((name) => headersDistinct[name] ?? []);
  if (wanted.includes('websocket')) return decideWebSocket(headers);
  const legacy = ['alpn-ping', 'alpn'].find((type) => wanted.includes(type));
  if (legacy === undefined) return { status: 404, message: `unsupported upgrade types: [${wanted.join(' ')}]` };
  return {
    status: 101,
    headers: { Connection: 'Upgrade', Upgrade: legacy, 'X-Teleport-Upgrade': legacy },
    framing: legacy === 'alpn' ? noFraming : new PingFraming(),
    hasPings: legacy === 'alpn-ping',
  };
}

function decideWebSocket(headers: IncomingMessage['headers']): UpgradeDecision {
  const refused = (reason: string): UpgradeDecision => ({ status: 400, message: `websocket: ${reason}` });
  const tokens = (header: string | undefined): string[] => header?.split(',').map((token) => token.trim()) ?? [];
  if (!tokens(headers.connection?.toLowerCase()).includes('upgrade')) {
    return refused("the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header");
  }
  if (!tokens(headers['sec-websocket-version']).includes('13')) {
    return refused("unsupported version: 13 not found in 'Sec-Websocket-Version' header");
  }
  const key = headers['sec-websocket-key'];
  if (!isWebSocketKey(key)) {
    return refused(
      "not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length",
    );
  }
  const protocol = tokens(headers['sec-websocket-protocol']).find((name) => SUBPROTOCOLS.has(name));
  return {
    status: 101,
    headers: {
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Accept': webSocketAccept(key),
      ...(protocol !== undefined && { 'Sec-WebSocket-Protocol': protocol }),
    },
    ...(protocol !== undefined && { framing: new WebSocketFraming() }),
    hasPings: protocol === 'alpn-ping',
  };
}

/** Whether a request asks for {@link UPGRADE_PATH}. */
export function isUpgradePath({ method, url = '' }: IncomingMessage): boolean {
  const [path = ''] = url.split(/[?#]/);
  return method === 'GET' && (path === UPGRADE_PATH || path === `/v1${UPGRADE_PATH}`);
}

export interface ConnectionUpgradeOptions {
  /** Takes over what comes inside, from its first byte on. */
  readonly accept: (socket: Socket) => void;
  readonly pairs: SocketPairs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Connections inside WebSockets: the proxy's whole port once more, for clients that no ALPN reaches it from. */
export class ConnectionUpgrade {
  readonly #options: ConnectionUpgradeOptions;

  constructor(options: ConnectionUpgradeOptions) {
    this.#options = options;
  }

  /** Answers with 101 and passes on what comes inside. */
  start(decision: UpgradeDecision & { status: 101 }, socket: Duplex, head: Buffer): void {
    const lines = Object.entries(decision.headers).map(([name, value]) => `${name}: ${value}`);
    socket.on('error', () => socket.destroy());
    socket.write(`${['HTTP/1.1 101 Switching Protocols', ...lines].join('\r\n')}\r\n\r\n`);
    if (!decision.framing) {
      socket.end();
      return;
    }
    const inside = new FramedStream(socket, decision.framing, head);
    if (decision.hasPings) this.#keepOpen(inside);
    this.#passOn(inside).catch((error) => {
      this.#options.logger.warn({ error }, 'connection upgrade failed');
      inside.destroy();
    });
  }

  async #passOn(inside: FramedStream): Promise<void> {
    const [near, far] = await this.#options.pairs.open();
    splice(inside, near);
    this.#options.accept(far);
  }

  #keepOpen(inside: FramedStream): void {
    const { clock } = this.#options;
    let timer: Timer;
    const wait = (): void => {
      timer = clock.setTimer(PING_INTERVAL_MS, () => {
        inside.ping();
        wait();
      });
    };
    wait();
    inside.once('close', () => timer.cancel());
  }
}
