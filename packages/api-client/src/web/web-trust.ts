import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { authorities } from '../credentials/credential-set.ts';

/** Programs ask few proxies; this many sets of CAs are kept ready. */
const MAX_KEPT = 8;
const kept = new Map<string, SecureContext>();

/**
 * Whom a proxy's web certificate may come from when more than Node's default is trusted: naming a CA replaces the
 * defaults, so they are put back. Undefined means Node's default, which includes NODE_EXTRA_CA_CERTS.
 *
 * Reading Node's 140 roots into OpenSSL takes 40 ms, so what was made is kept for the next request.
 *
 * @throws TeleportError `bad_parameter` when a text holds no certificate: OpenSSL would pass over it without a word
 */
export function webTrust(webCa: readonly string[] | undefined): SecureContext | undefined {
  if (!webCa || webCa.length === 0) return undefined;
  const own = [...webCa, ...extraRoots()];
  const key = own.join('\n');
  const context = kept.get(key) ?? made(webCa, own);
  // The one used last goes to the end; the first is the one that was not used for longest.
  kept.delete(key);
  kept.set(key, context);
  for (const [oldest] of kept) {
    if (kept.size <= MAX_KEPT) break;
    kept.delete(oldest);
  }
  return context;
}

function made(webCa: readonly string[], own: readonly string[]): SecureContext {
  for (const text of webCa) authorities(text, 'the web CA');
  return createSecureContext({ ca: [...own, ...rootCertificates] });
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
