import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseIdentityFile, readX509, TeleportError } from '@teleport-ts/api-types';
import { parseDestinationUri } from '@teleport-ts/tbot-core/client';
import type { ClientCredential } from './exec-credential.ts';

/**
 * The credential in a directory that tbot writes to, out of the one file that holds all of it: no moment of a renewal can
 * mix two of them.
 *
 * @param uri `file:///path` or an absolute path
 * @throws TeleportError `bad_parameter` for what is no directory's address or no identity file, `not_found` when there is
 * none, `expired` when it has ended
 */
export async function credentialInDirectory(uri: string, nowMs: number): Promise<ClientCredential> {
  const address = parseDestinationUri(uri);
  if (address.type === 'memory') throw new TeleportError('bad_parameter', '--destination-dir is no directory');
  const path = join(address.path, 'identity');
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT';
    throw new TeleportError(isMissing ? 'not_found' : 'unknown', `cannot read ${path}: ${cause.code}`, {
      ...(isMissing ? { hint: 'tbot writes it: name the directory of a kubernetes output' } : {}),
      cause,
    });
  });
  const { privateKey: key, tlsCertificate: certificate } = parseIdentityFile(text, { name: path });
  const expires = readX509(certificate).notAfter;
  if (expires.getTime() <= nowMs) {
    throw new TeleportError('expired', `the credential in ${path} ended at ${expires.toISOString()}`, {
      hint: 'does the agent that keeps it fresh still run?',
    });
  }
  return { certificate: `${certificate}\n`, key: `${key}\n`, expires };
}
