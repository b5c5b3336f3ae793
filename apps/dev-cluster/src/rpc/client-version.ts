import { compareVersions, parseVersion, type Version } from '@teleport-ts/api-types';

/** The oldest client that a Teleport 18 serves. */
export const MIN_CLIENT_VERSION = '17.0.0-aa';

const oldest = parseVersion(MIN_CLIENT_VERSION) as Version;

/**
 * Whether a client that announces this version (the `version` metadata) is served: none at all is, anything that is no
 * semantic version or older than `17.0.0-aa` is not. There is no upper end.
 */
export function isServedVersion(version: string | undefined): boolean {
  if (version === undefined) return true;
  const parsed = parseVersion(version);
  return parsed !== undefined && compareVersions(parsed, oldest) >= 0;
}
