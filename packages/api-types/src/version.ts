import { TeleportError } from './teleport-error.ts';

/** The Teleport major that these packages are made and tested for; `1.18.X` speaks to clusters 18 and 19. */
export const TELEPORT_MAJOR = 18;

/** The API level that a client announces in the metadata `version`; never the version of a package. */
export const TELEPORT_API_VERSION = '18.0.0';

/** The first Teleport major that a release line exists for. */
const FIRST_MAJOR = 18;

/** A semantic version, without its build part. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `dev` of `19.0.0-dev`; empty for a release. */
  readonly prerelease: string;
}

/** What {@link checkServerVersion} compares. */
export interface ServerVersionCheck {
  /** Of the ping or of `/webapi/find`. */
  readonly serverVersion: string;
  /** The oldest client that the server admits, where it says so (`min_client_version` of `/webapi/find`). */
  readonly minClientVersion?: string | undefined;
  /** The package that the user installed, for the hint. Default: `@teleport-ts/api-client`. */
  readonly packageName?: string | undefined;
}

/** The parts of a semantic version, undefined for any other text; a leading `v` is no part of one. */
export function parseVersion(text: string): Version | undefined {
  const number = '(0|[1-9]\\d*)';
  const match = new RegExp(`^${number}\\.${number}\\.${number}(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?$`).exec(
    text,
  );
  if (match === null) return undefined;
  const [, major, minor, patch, prerelease = ''] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease };
}

/** Negative, zero or positive as `a` comes before, with or after `b` (semver 2.0, section 11). */
export function compareVersions(a: Version, b: Version): number {
  const numbers = a.major - b.major || a.minor - b.minor || a.patch - b.patch;
  if (numbers !== 0 || a.prerelease === b.prerelease) return numbers;
  if (a.prerelease === '') return 1;
  if (b.prerelease === '') return -1;
  return comparePrereleases(a.prerelease.split('.'), b.prerelease.split('.'));
}

/**
 * Refuses a server that this client does not work with: any but its own major and the next one.
 *
 * A server cuts the connection of a client that is too old without a word, so this is asked first.
 *
 * @throws TeleportError `version_mismatch`, naming both versions, with a hint that says what to install
 * @example
 * checkServerVersion({ serverVersion: '17.7.1' }); // throws
 */
export function checkServerVersion(check: ServerVersionCheck): void {
  const { serverVersion, minClientVersion, packageName = '@teleport-ts/api-client' } = check;
  const ours = `this client is for Teleport ${TELEPORT_MAJOR} (API ${TELEPORT_API_VERSION})`;
  const server = parseVersion(serverVersion);
  if (server === undefined) {
    throw mismatch(`the server's version ${JSON.stringify(serverVersion)} is not a semantic version; ${ours}`);
  }
  const supported = `Teleport ${TELEPORT_MAJOR} or ${TELEPORT_MAJOR + 1}`;
  if (server.major < TELEPORT_MAJOR) {
    const line = server.major >= FIRST_MAJOR ? `, or install ${packageName}@~1.${server.major}.0` : '';
    throw mismatch(`the server is Teleport ${serverVersion}; ${ours}`, `upgrade the cluster to ${supported}${line}`);
  }
  if (server.major > TELEPORT_MAJOR + 1) {
    throw mismatch(`the server is Teleport ${serverVersion}; ${ours}`, `install ${packageName}@~1.${server.major}.0`);
  }
  const oldest = minClientVersion === undefined ? undefined : parseVersion(minClientVersion);
  if (oldest !== undefined && compareVersions(parseVersion(TELEPORT_API_VERSION)!, oldest) < 0) {
    throw mismatch(
      `the server, Teleport ${serverVersion}, refuses clients older than ${minClientVersion}; ${ours}`,
      `install ${packageName}@~1.${server.major}.0`,
    );
  }
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [left, right].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined));
    if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
    if (leftNumber !== undefined) return -1;
    if (rightNumber !== undefined) return 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

function mismatch(message: string, hint?: string): TeleportError {
  return new TeleportError('version_mismatch', message, { hint });
}
