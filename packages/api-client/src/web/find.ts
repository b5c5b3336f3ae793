import { parseAddress } from '../dialing/address.ts';
import type { DialStage } from '../dialing/dial-attempt.ts';
import { type FindAnswer, findAnswer, type PingAnswer, pingAnswer } from './proxy-answers.ts';
import { type WebOptions, webRequest } from './web-request.ts';

/**
 * Asks a proxy what it is: its version, its cluster and its addresses (`GET /webapi/find`). Needs no credential.
 *
 * ```ts
 * const { serverVersion, clusterName } = await find('teleport.example.com:443');
 * ```
 *
 * @param address `host[:port]`; the port is 443 when left out
 * @throws TeleportError when nobody answers, the web certificate is not trusted, or what answers is no proxy
 */
export async function find(address: string, options: WebOptions = {}): Promise<FindAnswer> {
  return findAt(address, options);
}

/** {@link find}, telling how far it has come. */
export async function findAt(
  address: string,
  options: WebOptions,
  onStage?: (stage: DialStage) => void,
): Promise<FindAnswer> {
  const call = { method: 'GET', path: '/webapi/find', ...(onStage && { onStage }) } as const;
  return findAnswer(await webRequest(parseAddress(address), call, options), address);
}

/**
 * Like {@link find}, with the login settings of the cluster (`GET /webapi/ping`).
 *
 * @param options `connector` asks for the settings of that login connector
 * @throws TeleportError as {@link find}; `bad_parameter` when there is no such connector
 */
export async function ping(address: string, options: WebOptions & { connector?: string } = {}): Promise<PingAnswer> {
  const path =
    options.connector === undefined ? '/webapi/ping' : `/webapi/ping/${encodeURIComponent(options.connector)}`;
  return pingAnswer(await webRequest(parseAddress(address), { method: 'GET', path }, options), address);
}
