import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { TeleportError } from '@teleport-ts/api-types';
import { formatAddress } from './address.ts';
import type { DialStage } from './dial-attempt.ts';
import { DialError, dialFailure } from './dial-failure.ts';
import type { HttpProxy } from './http-proxy.ts';
import { openTcp } from './open-tcp.ts';

/**
 * A byte stream to an address: plain TCP, or through an HTTP proxy by CONNECT (RFC 9110 section 9.3.6). The signal ends it
 * only while it is being made.
 *
 * @throws DialError when the proxy does not let it through; what TCP failed of, or the signal's reason
 */
export function openStream(
  { host, port, proxy }: { host: string; port: number; proxy?: HttpProxy | undefined },
  signal: AbortSignal,
  reached: (stage: DialStage) => void,
): Promise<Duplex> {
  if (!proxy) return openTcp(host, port, signal, reached);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const target = formatAddress(host, port);
    let stage: DialStage = 'dns';
    const at = (next: DialStage): void => {
      stage = next;
      reached(next);
    };
    at(isIP(proxy.host) ? 'tcp' : 'dns');
    const authorization = proxy.authorization();
    const asking = (proxy.isSecure ? httpsRequest : httpRequest)({
      method: 'CONNECT',
      host: proxy.host,
      port: proxy.port,
      path: target,
      agent: false,
      headers: { host: target, ...(authorization !== undefined && { 'proxy-authorization': authorization }) },
    });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      asking.on('error', () => {});
    };
    const fail = (error: unknown): void => {
      settle();
      asking.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    asking.on('socket', (socket) => {
      socket.once('lookup', (error) => at(error ? 'dns' : 'tcp'));
      socket.once('connect', () => at('proxy'));
    });
    asking.on('error', (error) => fail(new DialError(proxyFailure(error, stage, proxy))));
    // An answer with a body is one that did not understand CONNECT.
    asking.on('response', (response) => fail(new DialError(refused(response, proxy, target))));
    asking.on('connect', (response, socket, head) => {
      const { statusCode: status = 0 } = response;
      if (status < 200 || status > 299) {
        socket.destroy();
        fail(new DialError(refused(response, proxy, target)));
        return;
      }
      settle();
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asking.end();
  });
}

function proxyFailure(cause: Error & { code?: string }, stage: DialStage, proxy: HttpProxy) {
  if (cause.code?.startsWith('HPE_')) {
    const message = `the HTTP proxy ${proxy.url} does not answer with HTTP (${cause.code})`;
    const error = new TeleportError('connection_problem', message, { cause, retryable: false, hint: HINT });
    return { stage, error };
  }
  const { stage: seen, error } = dialFailure(stage, cause, { address: `the HTTP proxy ${proxy.url}` });
  const { code, message, hint = HINT, retryable } = error;
  return { stage: seen, error: new TeleportError(code, message, { hint, retryable, cause }) };
}

const HINT = 'HTTPS_PROXY, HTTP_PROXY and NO_PROXY say which addresses go through which proxy';

function refused({ statusCode: status = 0, statusMessage }: IncomingMessage, proxy: HttpProxy, target: string) {
  if (status === 407) {
    const message = `the HTTP proxy ${proxy.url} demands a login (407)`;
    const hint = 'write it into HTTPS_PROXY, as in http://user:password@proxy.example.com:3128';
    return { stage: 'proxy', error: new TeleportError('access_denied', message, { hint, retryable: false }) } as const;
  }
  const told = `${status} ${statusMessage ?? ''}`.trim();
  const message = `the HTTP proxy ${proxy.url} does not connect to ${target} (${told})`;
  const error = new TeleportError(status === 403 ? 'access_denied' : 'connection_problem', message, {
    hint: HINT,
    retryable: status >= 500,
  });
  return { stage: 'proxy', error } as const;
}
