import { createRequire } from 'node:module';

/** Version of this package, `1.18.0`. */
export const AGENT_VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;
