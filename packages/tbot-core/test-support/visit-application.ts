import { request } from 'node:https';
import type { Identity } from '../src/identity.ts';

/** Calls the application of a credential, or the one at an address, through the proxy, as a browser or curl would. */
export function visitApplication(
  identity: Identity,
  proxyAddress: string,
  webCaPem: string,
  publicAddress: string | undefined = identity.route?.application?.publicAddress,
): Promise<{ status: number; body: string }> {
  const [host, port] = proxyAddress.split(':');
  return new Promise((resolve, reject) => {
    const call = request({
      host,
      port,
      // The web certificate is that of the proxy; Node takes no `*.localhost` in it.
      servername: host,
      headers: { host: publicAddress },
      cert: identity.tlsCertificate,
      key: identity.privateKeyPem,
      ca: webCaPem,
      agent: false,
    });
    call.on('error', reject).on('response', (response) => {
      response.toArray().then((chunks) => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks as Buffer[]).toString() });
      }, reject);
    });
    call.end();
  });
}
