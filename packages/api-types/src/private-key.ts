import { createPrivateKey, type KeyObject } from 'node:crypto';
import { EncryptedKeyError, readOpenSshPrivateKey } from './open-ssh-private-key.ts';

/** A private key, or why there is none: never with anything of what was read. */
export type PrivateKeyReading =
  | { readonly key: KeyObject; readonly problem?: never }
  | {
      readonly key?: never;
      /**
       * `no-key`: it is no PEM block of a private key. `hardware`: the key is on a hardware token, the block only names it.
       * `encrypted`: it needs a passphrase. `unreadable`: damaged, or of a sort that Node does not know.
       */
      readonly problem: 'no-key' | 'hardware' | 'encrypted' | 'unreadable';
    };

const block = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/;

/**
 * Reads a text that begins with the PEM block of a private key. What its label claims is only a hint: Teleport itself has written PKCS#1
 * keys as `PRIVATE KEY` and the other way round, so PKCS#8, PKCS#1, SEC1 and OpenSSH's own format are all tried.
 *
 * ```ts
 * const { key, problem } = readPrivateKey(pem);
 * if (problem !== undefined) throw new Error(`the key cannot be used: ${problem}`);
 * ```
 */
export function readPrivateKey(pem: string): PrivateKeyReading {
  const [, label = '', body = ''] = block.exec(pem) ?? [];
  if (label.startsWith('PIV ')) return { problem: 'hardware' };
  if (label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(body)) return { problem: 'encrypted' };
  if (!label.endsWith('PRIVATE KEY')) return { problem: 'no-key' };
  const der = Buffer.from(body, 'base64');
  const forms = [
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => createPrivateKey({ key: der, format: 'der', type: 'sec1' }),
    () => readOpenSshPrivateKey(der),
    // Whatever else OpenSSL knows: a SEC1 block behind its parameters, for one.
    () => createPrivateKey(pem),
  ];
  for (const form of forms) {
    try {
      return { key: form() };
    } catch (error) {
      if (error instanceof EncryptedKeyError) return { problem: 'encrypted' };
    }
  }
  return { problem: 'unreadable' };
}
