// vitest's global set-up: RSA keys for the clusters of all tests, made once and kept between runs. See
// apps/dev-cluster/src/pki/rsa-key-stock.ts.
import { generateKeyPair } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A test file uses few; what it needs beyond, it makes. */
const KEYS = 16;
const folder = fileURLToPath(new URL('../.test-results', import.meta.url));
const file = `${folder}/rsa-keys.pem`;

export async function setup() {
  process.env.DEV_CLUSTER_RSA_KEYS = file;
  if (existsSync(file)) return;
  const options = { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
  const make = promisify(generateKeyPair);
  const pairs = await Promise.all(Array.from({ length: KEYS }, () => make('rsa', options)));
  mkdirSync(folder, { recursive: true });
  // Two runs at once make one each; either will do, half of one will not.
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, pairs.map(({ privateKey }) => privateKey).join(''), { mode: 0o600 });
  renameSync(draft, file);
}
