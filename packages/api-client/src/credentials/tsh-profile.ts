import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { parseAddress } from '../dialing/address.ts';
import { profileValues } from './profile-yaml.ts';
import { fileError, readCredentialFile } from './read-credential-file.ts';

/** What tsh knows of one cluster and its user, from `<folder>/<proxy host>.yaml`. */
export interface TshProfile {
  /** The proxy's web address, `host:port`. */
  readonly webProxyAddress: string;
  /** Its host: the folder of its keys. */
  readonly proxyHost: string;
  readonly user: string;
}

/** Where tsh keeps its profiles: the given folder, else TELEPORT_HOME, else `~/.tsh`. */
export function profileFolder(dir?: string): string {
  return dir || process.env.TELEPORT_HOME || join(homedir(), '.tsh');
}

/** The path of the file that names the current profile. */
export function currentProfilePath(folder: string): string {
  return join(folder, 'current-profile');
}

/** The path of a profile; `name` is the proxy's host, or its address. */
export function profilePath(folder: string, name: string): string {
  return join(folder, `${fileName(hostOf(name), 'the given profile name')}.yaml`);
}

/**
 * The name of the profile that `tsh` uses when it is told none.
 *
 * @throws TeleportError `not_found`
 */
export async function currentProfile(folder: string, signal?: AbortSignal): Promise<string> {
  const path = currentProfilePath(folder);
  const none = (cause?: unknown): TeleportError =>
    new TeleportError('not_found', `there is no current tsh profile in ${folder}`, {
      cause,
      hint: 'log in with `tsh login --proxy=…`, or name the folder and the profile',
    });
  try {
    const name = (await readCredentialFile(path, 'profile name', signal)).trim();
    if (name === '') throw none();
    return fileName(name, `what ${path} holds`);
  } catch (error) {
    throw isTeleportError(error, 'not_found') && error.cause !== undefined ? none(error) : error;
  }
}

/**
 * Reads a profile.
 *
 * @throws TeleportError `not_found` when there is none, `bad_parameter` when it does not say whose it is
 */
export async function readProfile(path: string, signal?: AbortSignal): Promise<TshProfile> {
  const values = profileValues(await readCredentialFile(path, 'tsh profile', signal));
  const webProxyAddress = required(values, 'web_proxy_addr', path);
  const user = fileName(required(values, 'user', path), `the user in the tsh profile ${path}`);
  return {
    webProxyAddress,
    proxyHost: fileName(hostOf(webProxyAddress), `the proxy in the tsh profile ${path}`),
    user,
  };
}

/** The paths of a profile's credential. */
export function keyPaths(folder: string, { proxyHost, user }: TshProfile): { cert: string; key: string; cas: string } {
  const keys = join(folder, 'keys', proxyHost);
  return { cert: join(keys, `${user}.crt`), key: join(keys, `${user}.key`), cas: join(keys, 'cas') };
}

/**
 * The files with the authorities of all clusters that the profile knows: `cas/*.pem`, or `certs.pem` beside it, which
 * older versions of tsh wrote alone.
 */
export async function authorityFiles(cas: string): Promise<readonly string[]> {
  try {
    const names = await readdir(cas);
    return names
      .filter((name) => name.endsWith('.pem'))
      .sort()
      .map((name) => join(cas, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [join(cas, '..', 'certs.pem')];
    throw fileError(error, `the folder of authorities ${cas}`);
  }
}

function required(values: ReadonlyMap<string, string>, key: string, path: string): string {
  const value = values.get(key);
  if (value) return value;
  throw new TeleportError('bad_parameter', `the tsh profile ${path} has no ${key}`, {
    hint: 'log in again with `tsh login`, which writes it anew',
  });
}

/** The host of a proxy's address; a text that is none is taken as it is. */
function hostOf(address: string): string {
  try {
    return parseAddress(address).host;
  } catch {
    return address;
  }
}

/** Names become parts of paths; none may lead elsewhere. It is not repeated: the file may be another one, a key for one. */
function fileName(name: string, what: string): string {
  if (name.length <= 200 && !/^\.{0,2}$|[/\\\p{Cc}]/u.test(name)) return name;
  throw new TeleportError('bad_parameter', `${what} cannot be the name of a file`);
}
