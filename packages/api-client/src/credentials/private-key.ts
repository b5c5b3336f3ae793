import { KeyObject } from 'node:crypto';
import { readPrivateKey as readPem, TeleportError } from '@teleport-ts/api-types';
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
  const { key: found, problem } = readPem(block.text);
  if (found) return found;
  if (problem === 'hardware') {
    throw new TeleportError('not_implemented', `the private key of ${origin} is in a hardware token`, {
      hint: 'Node cannot use it; take an identity whose key is in a file (tbot, tctl auth sign)',
    });
  }
  if (problem === 'encrypted') {
    throw new TeleportError('bad_parameter', `the private key of ${origin} is encrypted (${block.label})`, {
      hint: 'what is needed is a key without a passphrase; `openssl pkey` or `ssh-keygen -p` writes one',
    });
  }
  throw new TeleportError('bad_parameter', `the private key of ${origin} cannot be read (${block.label})`, {
    hint: 'its content is damaged, or none of PKCS#8, PKCS#1 (RSA), SEC1 (EC) and OpenSSH’s format',
  });
}
