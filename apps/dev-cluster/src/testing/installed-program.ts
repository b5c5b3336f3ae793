import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps servers, and programs that come in several versions, besides the path of a plain user. */
const POSTGRES = '/usr/lib/postgresql';
const SERVERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * The path of a program of the machine, or undefined: then what needs it is skipped.
 *
 * ```ts
 * const sshd = installedProgram('sshd'); // '/usr/sbin/sshd'
 * ```
 */
export function installedProgram(name: string): string | undefined {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...path, ...SERVERS, ...postgresFolders()].map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether all of these programs are there; says so in one line where one is not. */
export function areInstalled(...names: readonly string[]): boolean {
  const missing = names.filter((name) => installedProgram(name) === undefined);
  if (missing.length > 0) console.log(`tests with ${missing.join(', ')} are skipped: not installed`);
  return missing.length === 0;
}

/** The newest first. */
function postgresFolders(): string[] {
  try {
    const versions = readdirSync(POSTGRES).sort((one, other) => Number(other) - Number(one));
    return versions.map((version) => join(POSTGRES, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
