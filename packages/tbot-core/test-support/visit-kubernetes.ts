import { request } from 'node:https';
import type { Identity } from '../src/identity.ts';

/** Calls the API server of a credential's Kubernetes cluster through a real cluster's proxy, as kubectl would (TLS routing). */
export function visitKubernetes(
  identity: Identity,
  proxyAddress: string,
  path = '/api',
): Promise<{ readonly status: number; readonly body: string }> {
  const [host, port] = proxyAddress.split(':');
  const authorities = identity.authorities.filter(({ type }) => type === 'host');
  return new Promise((resolve, reject) => {
    const call = request({
      host,
      port,
      path,
      servername: 'kube-teleport-proxy-alpn.teleport.cluster.local',
      cert: identity.tlsCertificate,
      key: identity.privateKeyPem,
      ca: authorities.flatMap(({ tlsCertificates }) => tlsCertificates),
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
