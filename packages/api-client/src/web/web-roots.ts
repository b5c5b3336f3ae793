import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/**
 * Whom a proxy's web certificate may come from when more than Node's default is trusted: naming a CA replaces the
 * defaults, so they are put back. Undefined means Node's default, which includes NODE_EXTRA_CA_CERTS.
 */
export function webRoots(webCa: readonly string[] | undefined): string[] | undefined {
  if (!webCa || webCa.length === 0) return undefined;
  return [...webCa, ...extraRoots(), ...rootCertificates];
}

function extraRoots(): string[] {
  const path = process.env.NODE_EXTRA_CA_CERTS;
  if (!path) return [];
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    // Node itself only warns about such a file.
    return [];
  }
}
