import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TeleportError } from '@teleport-ts/api-types';

const run = promisify(execFile);

/**
 * The number of a user or group. A string of digits is a number already; a name is looked up with `getent`, which asks
 * what the system asks (files, LDAP, sssd).
 *
 * @throws TeleportError `bad_parameter` for a name that the system does not know
 */
export async function accountId(type: 'user' | 'group', nameOrId: string | number): Promise<number> {
  const text = String(nameOrId);
  if (/^\d+$/.test(text)) {
    const id = Number(text);
    // The last number means "leave it" to chown.
    if (id < 0xffff_ffff) return id;
    throw new TeleportError('bad_parameter', `${text} is not the number of a ${type}`);
  }
  const database = type === 'user' ? 'passwd' : 'group';
  let line: string;
  try {
    line = (await run('getent', ['--', database, text], { timeout: 10_000 })).stdout;
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 2;
    throw new TeleportError(
      'bad_parameter',
      missing
        ? `there is no ${type} ${JSON.stringify(text)} on this system`
        : `the ${type} ${JSON.stringify(text)} cannot be looked up with getent`,
      { hint: 'a numeric id works everywhere', cause },
    );
  }
  const id = Number(line.split(':')[2]);
  if (!Number.isInteger(id))
    throw new TeleportError('bad_parameter', `getent says nothing usable about the ${type} ${text}`);
  return id;
}
