import { createRequire } from 'node:module';

/** The version of this package, as it stands in its manifest. */
export function packageVersion(): string {
  const manifest = createRequire(import.meta.url)('@teleport-ts/api-client/package.json') as { version: string };
  return manifest.version;
}
