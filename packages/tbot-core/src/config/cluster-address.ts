import { TeleportError } from '@teleport-ts/api-types';

/**
 * Checks a `host:port` address of a cluster; IPv6 hosts stand in brackets.
 *
 * @returns the address, trimmed of a leading `https://` and a trailing slash
 * @throws TeleportError `bad_parameter` that quotes the address and says what is missing
 */
export function parseClusterAddress(text: string): string {
  const address = text
    .trim()
    .replace(/^https:\/\//i, '')
    .replace(/\/$/, '');
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]@?#]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match && port >= 1 && port <= 65_535) return address;
  const bare = /^[^\s:/[\]@?#]+$/.test(address);
  throw new TeleportError('bad_parameter', `${JSON.stringify(text)} is not an address of the form host:port`, {
    hint: bare ? `add the port, e.g. ${address}:443 for a proxy` : 'write host:port, e.g. teleport.example.com:443',
  });
}
