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

  private constructor(tls: string | undefined, ssh: string | undefined) {
    if (tls !== undefined) this.tls = tls;
    if (ssh !== undefined) this.ssh = ssh;
  }

  /**
   * @param names stand in the error
   * @throws TeleportError `bad_parameter` for what is not a PEM block `PUBLIC KEY` or not a line of authorized_keys
   */
  static read(
    { tls, ssh }: { tls?: string | undefined; ssh?: string | undefined },
    names: KeyNames,
  ): CheckedPublicKeys {
    let der: Buffer | undefined;
    if (tls !== undefined) {
      // Node would take a private key here and derive the public half: it must not have come at all.
      if (!/^\s*-----BEGIN PUBLIC KEY-----\r?\n/.test(tls)) throw badKey(names.tls, 'a PEM block PUBLIC KEY');
      der = check(() => publicKeyDer(tls), names.tls, 'a PEM block PUBLIC KEY');
    }
    if (ssh !== undefined && !(der && isSameP256(der, ssh))) {
      check(() => parseSshPublicKey(ssh), names.ssh, 'a line of authorized_keys');
    }
    return new CheckedPublicKeys(tls, ssh?.trim());
  }

  /** The key for X.509 alone. */
  withoutSsh(): CheckedPublicKeys {
    return new CheckedPublicKeys(this.tls, undefined);
  }
}

/** SubjectPublicKeyInfo of a P-256 key up to the coordinates of its point (RFC 5480). */
const P256_DER = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
/** The same in the wire form of SSH (RFC 5656). */
const P256_SSH = Buffer.from('0000001365636473612d736861322d6e69737470323536000000086e697374703235360000004104', 'hex');
const POINT_BYTES = 64;

/** Whether a line of authorized_keys holds a P-256 key that was read already: most callers have one pair for both. */
function isSameP256(der: Buffer, line: string): boolean {
  if (der.length !== P256_DER.length + POINT_BYTES || !der.subarray(0, P256_DER.length).equals(P256_DER)) return false;
  const [, base64 = ''] = /^ecdsa-sha2-nistp256 ([A-Za-z0-9+/]+={0,2})(?: [ -~]*)?\s*$/.exec(line) ?? [];
  const blob = Buffer.from(base64, 'base64');
  return (
    base64.length === 4 * Math.ceil(blob.length / 3) &&
    blob.length === P256_SSH.length + POINT_BYTES &&
    blob.subarray(0, P256_SSH.length).equals(P256_SSH) &&
    blob.subarray(P256_SSH.length).equals(der.subarray(P256_DER.length))
  );
}

function check<T>(read: () => T, name: string, wanted: string): T {
  try {
    return read();
  } catch (cause) {
    throw badKey(name, wanted, cause);
  }
}

function badKey(name: string, wanted: string, cause?: unknown): TeleportError {
  return new TeleportError('bad_parameter', `${name} is not ${wanted}`, cause === undefined ? {} : { cause });
}
