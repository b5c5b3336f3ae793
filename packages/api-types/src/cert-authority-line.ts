import { parseSshPublicKey } from './ssh-public-key.ts';
import { TeleportError } from './teleport-error.ts';

/** One `@cert-authority` line of a known_hosts file. */
export interface CertAuthorityLine {
  /** Host patterns, such as `root.example` and `*.root.example`. */
  readonly hosts: readonly string[];
  /** The cluster whose hosts the key vouches for: the pattern whose sub-domains are there too. */
  readonly cluster?: string;
  /** Key type and base64, as in authorized_keys. */
  readonly publicKey: string;
}

/**
 * Reads a line such as `@cert-authority root.example,*.root.example ssh-ed25519 AAAA… type=host`.
 *
 * @throws TeleportError `bad_parameter` when it is none, or its key is unreadable
 */
export function parseCertAuthorityLine(line: string): CertAuthorityLine {
  const match = /^@cert-authority[ \t]+(\S+)[ \t]+(\S+[ \t]+\S+)(?:[ \t]+.*)?$/.exec(line.trim());
  if (!match) {
    throw new TeleportError('bad_parameter', 'malformed known_hosts line: expected `@cert-authority hosts key`');
  }
  const [, patterns = '', key = ''] = match;
  const { type, blob } = parseSshPublicKey(key);
  const hosts = patterns.split(',');
  const cluster = hosts.find((host) => hosts.includes(`*.${host}`));
  return { hosts, ...(cluster === undefined ? {} : { cluster }), publicKey: `${type} ${blob.toString('base64')}` };
}

/** What {@link formatCertAuthorityLine} writes. */
export interface CertAuthorityLineParts {
  readonly cluster: string;
  /** The authority's key as an authorized_keys line; a comment is left out. */
  readonly publicKey: string;
  /** Host name of the proxy, written first where it is known. */
  readonly proxyHost?: string;
}

/**
 * Writes the line of a cluster's host authority as identity files and tsh's known_hosts carry it, without a newline.
 *
 * @throws TeleportError `bad_parameter` for an unreadable key, and for a name that would vouch for other hosts, or end the
 * line: names of clusters are what their own administrators say
 */
export function formatCertAuthorityLine(parts: CertAuthorityLineParts): string {
  const { cluster, proxyHost } = parts;
  const { type, blob } = parseSshPublicKey(parts.publicKey);
  const names = [...(proxyHost === undefined ? [] : [proxyHost]), cluster];
  const unfit = names.find((name) => name === '' || /[\s\0,*?!|#@]/.test(name));
  if (unfit !== undefined) {
    throw new TeleportError('bad_parameter', `${JSON.stringify(unfit)} cannot stand in a known_hosts file as a name`);
  }
  const hosts = [...names, `*.${cluster}`];
  return `@cert-authority ${hosts.join(',')} ${type} ${blob.toString('base64')} type=host`;
}
