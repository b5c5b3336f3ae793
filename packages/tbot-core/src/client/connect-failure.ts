import { type BigIntStats, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';

/**
 * Says in words why a socket could not be reached, and what to do about it.
 *
 * @param cause the system's error, as connect(2) gave it
 */
export function connectFailure(path: string, cause: NodeJS.ErrnoException): TeleportError {
  switch (cause.code) {
    case 'ENOENT':
      return new TeleportError('connection_problem', `there is no socket at ${path}`, {
        hint: `start the agent with \`tbot start -c tbot.yaml\`, where tbot.yaml lists this path under \`sockets\``,
        cause,
      });
    case 'ECONNREFUSED': {
      const isSocket = statOf(path)?.isSocket() ?? true;
      if (!isSocket) return new TeleportError('bad_parameter', `${path} is not a socket`, { cause });
      return new TeleportError('connection_problem', `nobody is listening on ${path}`, {
        hint: 'the agent that made this socket is not running; start it with `tbot start -c tbot.yaml`',
        cause,
      });
    }
    case 'EACCES':
    case 'EPERM':
      return new TeleportError('access_denied', `may not connect to ${path}: ${whoMay(path)}`, {
        hint: 'run as that user or group, or let the agent open the socket with `mode` and `group`',
        cause,
      });
    default:
      return new TeleportError('connection_problem', `cannot connect to ${path}: ${cause.message}`, { cause });
  }
}

function whoMay(path: string): string {
  const self = `this process runs as user ${process.geteuid?.()}, groups ${process.getgroups?.().join(', ')}`;
  const stat = statOf(path);
  if (!stat) return `the directory ${dirname(path)} may not be searched; ${self}`;
  const mode = (Number(stat.mode) & 0o777).toString(8).padStart(4, '0');
  return `it belongs to user ${stat.uid}, group ${stat.gid}, with mode ${mode}; ${self}`;
}

// With big numbers: Node 20 keeps the others where its loader of modules looks, and follows no symbolic link to a module
// as long as the last of them are a socket's.
function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
