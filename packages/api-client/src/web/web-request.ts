import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Address, formatAddress } from '../dialing/address.ts';
import type { DialStage } from '../dialing/dial-attempt.ts';
import { type HttpProxy, httpProxyFor } from '../dialing/http-proxy.ts';
import { openStream } from '../dialing/http-tunnel.ts';
import { errorOfAnswer, WebError } from './web-error.ts';
import { failureOf } from './web-failure.ts';
import { webTls } from './web-tls.ts';
import { webTrust } from './web-trust.ts';

/** Trust and limits of a request to a proxy's web address. */
export interface WebOptions {
  /** CA certificates (PEM) that the web certificate may come from, besides Node's own list and NODE_EXTRA_CA_CERTS. */
  readonly webCa?: readonly string[];
  /** Trust any certificate, and speak plain HTTP to a loopback address that knows no TLS. For development only. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Default 30 seconds. */
  readonly timeoutMs?: number;
}

export interface WebCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** Told how far the request has come. */
  readonly onStage?: (stage: DialStage) => void;
}

const DEFAULT_PORT = 443;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * Asks a proxy's web address and gives the JSON of its answer.
 *
 * @throws WebError, or the signal's reason
 */
export async function webRequest(address: Address, call: WebCall, options: WebOptions): Promise<unknown> {
  options.signal?.throwIfAborted();
  const { url, status, type, body } = await exchange('https', address, call, options).catch((error: unknown) => {
    const plain = options.insecure && isLoopback(address.host) && error instanceof WebError && speaksPlain(error);
    if (plain) return exchange('http', address, call, options);
    throw error;
  });
  if (status !== 200) throw errorOfAnswer(url, call.method, { status, type, body });
  return parse(url, body);
}

interface Answer {
  readonly url: string;
  readonly status: number;
  /** Of the content. */
  readonly type: string;
  readonly body: string;
}

async function exchange(
  scheme: 'https' | 'http',
  address: Address,
  call: WebCall,
  options: WebOptions,
): Promise<Answer> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS, insecure = false } = options;
  const port = address.port ?? DEFAULT_PORT;
  const url = `${scheme}://${formatAddress(address.host, port)}${call.path}`;
  let stage: DialStage = 'dns';
  const reached = (next: DialStage): void => {
    stage = next;
    call.onStage?.(next);
  };
  if (isIP(address.host)) reached('tcp');
  const through = scheme === 'https' ? httpProxyFor(address.host, port) : undefined;
  const ended = new AbortController();
  return new Promise((resolve, reject) => {
    const secureContext = through ? undefined : webTrust(options.webCa);
    const open = scheme === 'https' ? httpsRequest : httpRequest;
    const running = open({
      host: address.host,
      port,
      path: call.path,
      method: call.method,
      // No connection outlives its answer.
      ...(through ? tunnel(through, { ...address, port }, options, ended.signal, reached) : { agent: false }),
      rejectUnauthorized: !insecure,
      ...(secureContext && { secureContext }),
      headers: {
        accept: 'application/json',
        'user-agent': 'teleport-ts',
        ...(call.body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(call.body),
        }),
      },
    });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      ended.abort();
      signal?.removeEventListener('abort', onAbort);
      running.on('error', () => {});
      finish();
    };
    const fail = (error: unknown): void => {
      settle(() => reject(error));
      running.destroy();
    };
    const onAbort = (): void => fail(signal?.reason);
    const timer = setTimeout(() => {
      fail(new WebError('timeout', `${url} gave no answer within ${timeoutMs} ms`, { stage, url, retryable: true }));
    }, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    running.on('socket', (socket) => followStage(socket, scheme, reached));
    running.on('error', (error) => fail(failureOf(error, stage, url)));
    running.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      const type = headers['content-type'] ?? '';
      collect(response).then(
        (body) => settle(() => resolve({ url, status, type, body })),
        (error) => fail(failureOf(error, stage, url)),
      );
    });
    running.end(call.body);
  });
}

/** How the request comes by its connection where an HTTP proxy is on the way. */
function tunnel(
  proxy: HttpProxy,
  { host, port }: Required<Address>,
  options: WebOptions,
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Pick<RequestOptions, 'createConnection'> {
  return {
    createConnection: (_options, done) => {
      const give = done as (error: Error | null, stream?: Duplex) => void;
      openStream({ host, port, proxy }, signal, reached).then(
        (stream) => {
          reached('tls');
          give(null, webTls(stream, host, options));
        },
        (error: Error) => give(error),
      );
      return undefined;
    },
  };
}

function followStage(socket: Socket, scheme: string, reached: (stage: DialStage) => void): void {
  socket.once('lookup', (error) => reached(error ? 'dns' : 'tcp'));
  socket.once('connect', () => reached(scheme === 'https' ? 'tls' : 'http'));
  socket.once('secureConnect', () => reached('http'));
}

async function collect(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the answer is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(url: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Its text would quote the answer.
    const hint = 'this is not the web address of a Teleport proxy, or something in front of it answers';
    throw new WebError('connection_problem', `${url} did not answer with JSON`, {
      stage: 'http',
      url,
      status: 200,
      hint,
      retryable: false,
    });
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function speaksPlain(error: WebError): boolean {
  return error.stage === 'tls' && error.status === undefined;
}
