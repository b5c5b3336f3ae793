import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/**
 * Makes a certificate for localhost and its authority by openssl: `web.key`, `web.pem`, `webca.key` and `webca.pem` in
 * `folder`. Gives the authority's certificate, PEM.
 */
export async function writeWebCertificate(folder: string): Promise<string> {
  const file = (name: string): string => join(folder, name);
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await exec('openssl', [
    ...['req', '-x509', ...ec, '-keyout', file('webca.key'), '-out', file('webca.pem')],
    ...['-days', '30', '-subj', '/CN=interop web CA', '-addext', 'basicConstraints=critical,CA:TRUE'],
  ]);
  await exec('openssl', ['req', ...ec, '-keyout', file('web.key'), '-out', file('web.csr'), '-subj', '/CN=localhost']);
  const names = 'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n';
  await writeFile(file('web.ext'), names);
  await exec('openssl', [
    ...['x509', '-req', '-in', file('web.csr'), '-CA', file('webca.pem'), '-CAkey', file('webca.key')],
    ...['-CAcreateserial', '-out', file('web.pem'), '-days', '30', '-extfile', file('web.ext')],
  ]);
  return readFile(file('webca.pem'), 'utf8');
}
