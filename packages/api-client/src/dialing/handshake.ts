import { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { TeleportError } from '@teleport-ts/api-types';
import type { CredentialSet } from '../credentials/credential-set.ts';
import { DialError, type DialFailure, dialFailure } from './dial-failure.ts';
import { AUTH_SERVER_NAME } from './target.ts';
import { verifyAuthPeer } from './verify-peer.ts';

/** What one TLS handshake with an auth service needs. */
export interface HandshakeOptions {
  /** `host:port`, for errors. */
  readonly address: string;
  readonly used: CredentialSet;
  /** The authorities that may have issued the server's certificate, PEM. */
  readonly ca: readonly string[];
  /** In the order of preference; the last one is the protocol that is spoken. */
  readonly alpn: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Speaks TLS with an auth service over a byte stream and checks who answers: its certificate must be valid for
 * `teleport.cluster.local`, and the last protocol of the list must have been chosen. The stream is destroyed when that fails.
 *
 * @throws DialError
 */
export function handshake(raw: Duplex, options: HandshakeOptions): Promise<TLSSocket> {
  const { address, used, alpn, signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ ...tlsOptions(options), socket: raw });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose).off('secureConnect', onSecure);
    };
    const fail = (failure: DialFailure): void => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      raw.destroy();
      reject(new DialError(failure));
    };
    const onError = (error: Error): void => fail(dialFailure('tls', error, options));
    const onClose = (): void => fail(dialFailure('tls', closedEarly(), options));
    const onAbort = (): void => fail(dialFailure('tls', signal.reason, options));
    const onTimeout = (): void => {
      const message = `${address} did not finish the TLS handshake within ${timeoutMs} ms`;
      fail({ stage: 'tls', error: new TeleportError('timeout', message, { retryable: true }) });
    };
    const onSecure = (): void => {
      const wrong = used.insecure ? undefined : verifyAuthPeer(socket, options);
      // A Go server that knows only h2 lets a client of HTTP/1.1 in without choosing.
      const spoken = socket.alpnProtocol || 'http/1.1';
      const failure = wrong ?? (spoken === alpn.at(-1) ? undefined : wrongProtocol(options, socket.alpnProtocol));
      if (failure) {
        fail(failure);
        return;
      }
      settle();
      resolve(socket);
    };
    const timer = setTimeout(onTimeout, timeoutMs);
    socket.on('error', onError).on('close', onClose).on('secureConnect', onSecure);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function tlsOptions({ used, ca, alpn }: HandshakeOptions): ConnectionOptions {
  return {
    servername: AUTH_SERVER_NAME,
    ALPNProtocols: [...alpn],
    minVersion: 'TLSv1.2',
    // Checked in onSecure, where the certificate that was shown can be told about.
    rejectUnauthorized: false,
    ...(ca.length > 0 && { ca: serverAuthorities(ca, used.cert) }),
    ...(used.cert !== undefined && { cert: used.cert, key: used.privateKeyPem() }),
  };
}

/**
 * The authorities without the one that issued our own certificate. OpenSSL would find it among them and send it along
 * as a chain, and Teleport closes the connection of a client that shows more than one certificate. On a user's side it
 * is the user CA, which issues no server certificate.
 */
function serverAuthorities(ca: readonly string[], cert: string | undefined): string[] {
  if (cert === undefined) return [...ca];
  const own = new X509Certificate(cert);
  const others = ca.filter((pem) => !own.verify(new X509Certificate(pem).publicKey));
  return others.length > 0 ? others : [...ca];
}

function closedEarly(): Error {
  return Object.assign(new Error('closed'), { code: 'ECONNRESET' });
}

function wrongProtocol({ address, alpn }: HandshakeOptions, chosen: string | false | null): DialFailure {
  const wanted = alpn.at(-1) === 'h2' ? 'HTTP/2' : alpn.at(-1);
  const message = `${address} did not choose ${wanted} (it chose ${chosen || 'no protocol'})`;
  const hint = 'is it the proxy’s web port or the auth port? A load balancer that ends TLS gives this answer too';
  return { stage: 'alpn', error: new TeleportError('connection_problem', message, { hint, retryable: false }) };
}
