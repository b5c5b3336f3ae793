import { createPrivateKey, KeyObject } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import { pemBlocks } from './pem-blocks.ts';

/**
 * Reads a private key, whatever its PEM label claims.
 *
 * @throws TeleportError `not_implemented` for a key in hardware, otherwise `bad_parameter`; never with the key's text
 */
export function readPrivateKey(key: string | KeyObject, origin: string): KeyObject {
  if (key instanceof KeyObject) {
    if (key.type === 'private') return key;
    throw new TeleportError('bad_parameter', `${origin} holds a ${key.type} key where a private key is needed`);
  }
  const block = pemBlocks(key, origin).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (!block) {
    throw new TeleportError('bad_parameter', `${origin} holds no private key`, {
      hint: 'what is needed is a PEM block PRIVATE KEY (PKCS#8), RSA PRIVATE KEY or EC PRIVATE KEY',
    });
  }
  if (block.label === 'PIV YUBIKEY PRIVATE KEY') {
    throw new TeleportError('not_implemented', `the private key of ${origin} is in a hardware token`, {
      hint: 'Node cannot use it; take an identity whose key is in a file (tbot, tctl auth sign)',
    });
  }
  try {
    return createPrivateKey(block.text);
  } catch {
    // No cause: a message of the parser may quote what it read.
    const hint =
      block.label === 'OPENSSH PRIVATE KEY'
        ? 'it is in OpenSSH’s format; convert a copy with: ssh-keygen -p -m PKCS8 -f FILE'
        : 'it must be PEM without a passphrase: PKCS#8, PKCS#1 (RSA) or SEC1 (EC)';
    throw new TeleportError('bad_parameter', `the private key of ${origin} cannot be read (${block.label})`, { hint });
  }
}
