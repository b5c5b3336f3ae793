import { isAbsolute } from 'node:path';
import { parseSocketPath } from '../client/socket-path.ts';
import type { DiagAddress } from './config.ts';
import { FieldError } from './fields.ts';

const HINT = 'write 127.0.0.1:3001, or unix:///run/tbot/diag.sock';

/**
 * Reads where diagnostics are served: `host:port` as in a `tbot.yaml` of Teleport 18 (IPv6 in brackets, no host for all
 * addresses of the machine, port 0 for any that is free), or a unix socket as `unix:///path` or an absolute path.
 *
 * @throws FieldError that says what is wrong; TeleportError `bad_parameter` for a path that no socket can have
 */
export function parseDiagAddress(text: string): DiagAddress {
  const address = text.trim();
  if (isAbsolute(address) || /^(unix|file):\/\//.test(address)) return { path: parseSocketPath(address) };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]@?#]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw new FieldError(`is not an address: ${JSON.stringify(text)}`, HINT);
  const host = match[1] ?? match[2] ?? '';
  return { ...(host !== '' && { host }), port };
}

/** Whether only this machine can get there. */
export function isLoopback(address: DiagAddress): boolean {
  if ('path' in address) return true;
  const host = address.host?.toLowerCase();
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host ?? '');
}
