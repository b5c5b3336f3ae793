import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { webCertificate } from './pki.ts';

/** What a web server was asked. */
export interface WebAsked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A web server with a certificate for `localhost` of a CA that nobody trusts unless told to. */
export interface WebServer extends AsyncDisposable {
  /** `localhost:port` */
  readonly address: string;
  readonly ca: string;
  readonly asked: WebAsked[];
}

export async function webServer(
  answer: (asked: WebAsked, response: ServerResponse) => void,
  names?: readonly string[],
): Promise<WebServer> {
  const { key, cert, ca } = webCertificate(names);
  const asked: WebAsked[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      asked.push({ method, path: url, headers, body });
      answer({ method, path: url, headers, body }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    ca,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
