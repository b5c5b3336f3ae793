import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

const END = '-----END PRIVATE KEY-----\n';
let stock: string[] | undefined;

/**
 * A ready RSA key from the file that `DEV_CLUSTER_RSA_KEYS` names (PEM, PKCS#8, one after another), each at most once in
 * a process; undefined when there is none left. For runs of many tests: making one takes a quarter of a second of
 * processor time, and nearly every cluster needs one for its database authority.
 */
export function stockedRsaKey(): KeyObject | undefined {
  stock ??= readStock(process.env.DEV_CLUSTER_RSA_KEYS);
  const pem = stock.pop();
  return pem === undefined ? undefined : createPrivateKey(pem);
}

function readStock(path: string | undefined): string[] {
  if (!path) return [];
  return readFileSync(path, 'utf8')
    .split(END)
    .filter((text) => text.trim() !== '')
    .map((text) => text + END);
}
