import { createHash } from 'node:crypto';
import type { Renewable } from '@teleport-ts/tbot-core';
import type { ParsedRequest } from './requests.ts';

/** Credentials that are remembered at one time. */
const MOST = 4096;

/** Who holds a credential, and what for: a hash over caller, request and public keys. */
export type Holder = string;

export function holderOf(uid: number | undefined, { wanted, keys }: ParsedRequest): Holder {
  const { kind, name, username, database, roles, cluster, ttlMs } = wanted;
  const asked = [kind, name, username ?? '', database ?? '', [...roles].sort(), cluster, ttlMs ?? ''];
  return createHash('sha256')
    .update(JSON.stringify([uid ?? -1, asked, keys?.tls ?? '', keys?.ssh ?? '']))
    .digest('base64');
}

/**
 * What streams have handed out, for a caller whose stream broke off: it goes on where it was. Kept are serial numbers,
 * times and hashes, no certificate and no key. The oldest make room for new ones.
 */
export class HeldCredentials {
  readonly #held = new Map<string, { holder: Holder; life: Renewable }>();

  get size(): number {
    return this.#held.size;
  }

  /** @param serial of the X.509 certificate; nothing is remembered of a credential without one */
  remember(serial: string, holder: Holder, { expires, refreshAt }: Renewable): void {
    const key = keyOf(serial);
    if (key === '') return;
    this.#held.delete(key);
    this.#held.set(key, { holder, life: { expires, refreshAt } });
    if (this.#held.size > MOST) this.#held.delete(this.#held.keys().next().value!);
  }

  /** The credential with that serial, if this holder got it and it still lives. */
  find(serial: string, holder: Holder, nowMs: number): Renewable | undefined {
    const found = this.#held.get(keyOf(serial));
    if (!found || found.holder !== holder) return undefined;
    return found.life.expires.getTime() > nowMs ? found.life : undefined;
  }
}

/** The same number, whoever wrote it. */
function keyOf(serial: string): string {
  return serial.toLowerCase().replace(/^0+(?=.)/, '');
}
