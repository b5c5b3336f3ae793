import { isIPv6 } from 'node:net';
import { TeleportError } from '@teleport-ts/api-types';

/** Where to dial. */
export interface Address {
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Absent when the caller left it out; each way of dialing has its own default then. */
  readonly port?: number;
}

/**
 * Reads `host:port`, `host`, `[::1]:443` or `https://host[:port]`.
 *
 * @throws TeleportError `bad_parameter` naming the text
 */
export function parseAddress(text: string): Address {
  const bare = text
    .trim()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  if (isIPv6(bare)) return { host: bare };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:/?#@\s[\]]+))(?::(\d{1,5}))?$/.exec(bare) ?? [];
  const host = bracketed ?? plain;
  const wrong = (why: string): TeleportError =>
    new TeleportError('bad_parameter', `${JSON.stringify(text)} is not an address: ${why}`, {
      hint: 'write host:port, such as teleport.example.com:443 (proxy) or auth.example.com:3025 (auth service)',
    });
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed))) {
    throw wrong('host and port are expected');
  }
  if (port === undefined) return { host };
  const number = Number(port);
  if (number < 1 || number > 65535) throw wrong(`there is no port ${port}`);
  return { host, port: number };
}

/** `host:port`, IPv6 in brackets. */
export function formatAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
