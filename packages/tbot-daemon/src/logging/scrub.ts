/** A key's PEM block, also one that is cut short; its newlines may be escaped, once or twice. */
const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:\\+[nr]|[A-Za-z0-9+/=\s])*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?/g;
const REDACTED = '[redacted]';

/** Shortest text that is looked for as a secret: shorter ones would blacken half the log. */
const SHORTEST_SECRET = 6;

/**
 * Takes private keys and the given secrets out of a line. The last resort below every careful caller: it sees a line as
 * it leaves, whatever field or error text the secret came in by.
 */
export function scrubber(secrets: readonly string[]): (line: string) => string {
  const known = [...new Set(secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]))]
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  return (line) => {
    let clean = line.includes('PRIVATE KEY') ? line.replace(PRIVATE_KEY, REDACTED) : line;
    for (const secret of known) clean = clean.replaceAll(secret, REDACTED);
    return clean;
  };
}
