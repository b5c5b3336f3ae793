import { createHash, createPrivateKey, randomUUID } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import type { Destination, FileSet } from '../destinations/destination.ts';
import { BotIdentity } from './bot-identity.ts';

/** File that says which identity was being renewed; Go's tbot has none of that name and leaves it alone. */
const JOURNAL = 'renewal.json';

/** Several certificates or keys in one file, as Go's tbot joins them. */
const SEPARATOR = '$';

/** What was found in the store. */
export type StoredIdentity =
  | { readonly state: 'none' }
  /** Files are there, but no identity can be read from them. */
  | { readonly state: 'unreadable'; readonly reason: TeleportError }
  | {
      readonly state: 'found';
      readonly identity: BotIdentity;
      /** The process ended after it had asked for the successor of this identity and before it had saved the answer. */
      readonly renewalInterrupted: boolean;
    };

/**
 * The bot's own identity on a destination, under the file names of Go's tbot 18: `key`, `key.pub`, `key-cert.pub`,
 * `tlscert`, `sshcacerts`, `tlscacerts` (items joined by `$`) and `tokenhash`; either program takes over from the other.
 */
export class BotIdentityStore {
  readonly #destination: Destination;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  /** @throws TeleportError when the destination cannot be read at all */
  async load(): Promise<StoredIdentity> {
    const names = ['key', 'tlscert', 'key-cert.pub', 'tlscacerts', 'sshcacerts', 'tokenhash', JOURNAL] as const;
    const texts = await Promise.all(
      names.map(async (name) => (await this.#destination.read(name))?.toString('utf8') ?? ''),
    );
    const [key, tlsCertificate, sshCertificate, tlsAuthorities, sshAuthorities, tokenHash, journal] = texts as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (key.trim() === '' && tlsCertificate.trim() === '') return { state: 'none' };
    try {
      const identity = BotIdentity.create({
        privateKey: parsePrivateKey(key),
        tlsCertificate,
        sshCertificate: sshCertificate.trim(),
        tlsAuthorities: split(tlsAuthorities),
        sshAuthorities: split(sshAuthorities),
        tokenHash: tokenHash.trim(),
      });
      return { state: 'found', identity, renewalInterrupted: serialOf(journal) === identity.tls.serial };
    } catch (error) {
      return { state: 'unreadable', reason: asTeleportError(error) };
    }
  }

  /** Writes the identity as one set that is whole on disk when this resolves. */
  async save(identity: BotIdentity): Promise<void> {
    const files: FileSet = {
      key: identity.privateKeyPem,
      'key.pub': `${identity.sshPublicKey}\n`,
      'key-cert.pub': `${identity.sshCertificate}\n`,
      tlscert: identity.tlsCertificate,
      tlscacerts: identity.tlsAuthorities.map(withNewline).join(SEPARATOR),
      sshcacerts: identity.sshAuthorities.map(withNewline).join(SEPARATOR),
      tokenhash: identity.tokenHash,
    };
    await this.#destination.write(files);
  }

  /**
   * Notes that the successor of `identity` is about to be asked for. Saving the successor closes the note by itself, since
   * the note names an identity that is then no longer the stored one.
   */
  async noteRenewal(identity: BotIdentity): Promise<void> {
    await this.#destination.write({ [JOURNAL]: `${JSON.stringify({ renewing: identity.tls.serial })}\n` });
  }

  /** Notes that a join is about to happen; fails where the identity could not be saved afterwards. */
  async noteJoin(): Promise<void> {
    await this.#destination.write({ [JOURNAL]: `${JSON.stringify({ joining: randomUUID() })}\n` });
  }
}

/** SHA-256 of a join token, hex: all that is ever stored of it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function parsePrivateKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch {
    // Not as a cause: a parser's message is no place for pieces of a key.
    throw new TeleportError('bad_parameter', 'the private key of the bot cannot be read');
  }
}

function serialOf(journal: string): string | undefined {
  try {
    const noted = JSON.parse(journal) as { renewing?: unknown } | null;
    return typeof noted?.renewing === 'string' ? noted.renewing : undefined;
  } catch {
    return undefined;
  }
}

function split(text: string): string[] {
  return text
    .split(SEPARATOR)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

function asTeleportError(error: unknown): TeleportError {
  return error instanceof TeleportError
    ? error
    : new TeleportError('bad_parameter', 'the identity of the bot cannot be read', { cause: error });
}
