import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { webTrust } from './web-trust.ts';

/** TLS with a proxy's web address over a byte stream that is there; HTTP/1.1 is spoken on it. It checks who answers. */
export function webTls(
  stream: Duplex,
  host: string,
  options: { readonly webCa?: readonly string[]; readonly insecure?: boolean },
): TLSSocket {
  const secureContext = webTrust(options.webCa);
  return connect({
    socket: stream,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: !options.insecure,
    ...(secureContext && { secureContext }),
  });
}
