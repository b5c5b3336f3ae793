import { createRequire } from 'node:module';

/** The version of this package, as it stands in its manifest. */
export function packageVersion(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}
