import { parseSshPublicKey, publicKeyDer, TeleportError } from '@teleport-ts/api-types';
import type { PublicKeys } from './destination-host.ts';

/** How the keys are called in messages. */
export interface KeyNames {
  readonly tls: string;
  readonly ssh: string;
}

/**
 * Public keys that have been read and found good. Whoever is given them need not decode them again, which takes as long as
 * all else about a request.
 */
export class CheckedPublicKeys implements PublicKeys {
  readonly tls?: string;
  readonly ssh?: string;

  private constructor({ tls, ssh }: PublicKeys) {
    if (tls !== undefined) this.tls = tls;
    if (ssh !== undefined) this.ssh = ssh;
  }

  /**
   * @param names stand in the error
   * @throws TeleportError `bad_parameter` for what is not a PEM block `PUBLIC KEY` or not a line of authorized_keys
   */
  static read({ tls, ssh }: PublicKeys, names: KeyNames): CheckedPublicKeys {
    if (tls !== undefined) {
      // Node would take a private key here and derive the public half: it must not have come at all.
      if (!/^\s*-----BEGIN PUBLIC KEY-----\r?\n/.test(tls)) throw badKey(names.tls, 'a PEM block PUBLIC KEY');
      check(() => publicKeyDer(tls), names.tls, 'a PEM block PUBLIC KEY');
    }
    if (ssh !== undefined) check(() => parseSshPublicKey(ssh), names.ssh, 'a line of authorized_keys');
    return new CheckedPublicKeys({ ...(tls !== undefined && { tls }), ...(ssh !== undefined && { ssh: ssh.trim() }) });
  }

  /** The key for X.509 alone. */
  withoutSsh(): CheckedPublicKeys {
    return new CheckedPublicKeys(this.tls === undefined ? {} : { tls: this.tls });
  }
}

function check(read: () => unknown, name: string, wanted: string): void {
  try {
    read();
  } catch (cause) {
    throw badKey(name, wanted, cause);
  }
}

function badKey(name: string, wanted: string, cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', `${name} is not ${wanted}`, cause === undefined ? {} : { cause });
}
