import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { DialStage } from './dial-attempt.ts';
import type { HttpProxy } from './http-proxy.ts';
import { openStream } from './http-tunnel.ts';
import { tlsAlert } from './tls-alert.ts';

/** A protocol that every Teleport proxy knows, and nothing else does. */
const PROTOCOL = 'teleport-reversetunnel';
const VARIABLE = 'TELEPORT_TLS_ROUTING_CONN_UPGRADE';

/**
 * What the environment says of an address: whether connections to it must be upgraded, or nothing. The value is a list
 * (`,` or `;`) of `yes` or `no` for all and `host:port=yes` or `host:port=no` for one; an address that a list does not name
 * needs none.
 */
export function upgradeByEnvironment(
  address: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean | undefined {
  const value = env[VARIABLE];
  if (!value) return undefined;
  let forAll = false;
  for (const entry of value.split(/[,;]/).map((text) => text.trim())) {
    const [, named, said] = /^(.*)=([^=]*)$/.exec(entry) ?? [];
    if (named === undefined) forAll = isYes(entry) ?? forAll;
    else if (named === address) return isYes(said as string) ?? false;
  }
  return forAll;
}

function isYes(text: string): boolean | undefined {
  if (/^(1|t|true|y|yes|on)$/i.test(text)) return true;
  return /^(0|f|false|n|no|off)$/i.test(text) ? false : undefined;
}

/**
 * Whether TLS ends before the proxy: a handshake that offers nothing but a protocol of Teleport's is refused, or goes on
 * without one. What else fails says nothing about it, and counts as no. Nobody is trusted by this, so no certificate is
 * checked.
 */
export async function needsUpgrade(
  { host, port, proxy }: { host: string; port: number; proxy?: HttpProxy | undefined },
  signal: AbortSignal,
  reached: (stage: DialStage) => void = () => {},
): Promise<boolean> {
  const stream = await openStream({ host, port, proxy }, signal, reached).catch(() => undefined);
  if (!stream) return false;
  return new Promise((resolve) => {
    const socket = connect({
      socket: stream,
      ...(isIP(host) === 0 && { servername: host }),
      ALPNProtocols: [PROTOCOL],
      rejectUnauthorized: false,
    });
    const end = (isNeeded: boolean): void => {
      signal.removeEventListener('abort', onAbort);
      socket.on('error', () => {}).destroy();
      stream.destroy();
      resolve(isNeeded);
    };
    const onAbort = (): void => end(false);
    socket.once('secureConnect', () => end(socket.alpnProtocol !== PROTOCOL));
    socket.once('error', (error) => end(tlsAlert(error) === 'no_application_protocol' || isNoProtocol(error)));
    socket.once('close', () => end(false));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function isNoProtocol(error: Error & { code?: string }): boolean {
  return error.code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';
}
