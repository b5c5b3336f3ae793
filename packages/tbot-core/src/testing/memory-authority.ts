import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { sshPublicKeyLine, TELEPORT_OID } from '@teleport-ts/api-types';
import type { CaRotation } from '../destination-host.ts';
import type { AuthorityType, TrustedAuthority } from '../trusted-authority.ts';
import { type SshUserContent, signSshUserCertificate } from './ssh-user-certificate.ts';
import { signX509, type X509Content } from './x509.ts';

const LIFETIME_MS = 10 * 365 * 24 * 3_600_000;

interface Keys {
  readonly tls: KeyObject;
  readonly ssh: KeyObject;
  readonly certificate: string;
}

/** An authority of a cluster that is nowhere: signs for real, and can be rotated. */
export class MemoryAuthority {
  readonly type: AuthorityType;
  readonly cluster: string;
  #active: Keys;
  #other: Keys | undefined;

  constructor(type: AuthorityType, cluster: string, now: number) {
    this.type = type;
    this.cluster = cluster;
    this.#active = this.#makeKeys(now);
  }

  get trusted(): TrustedAuthority {
    const keys = this.#other ? [this.#active, this.#other] : [this.#active];
    const signsSsh = this.type !== 'db';
    return {
      type: this.type,
      cluster: this.cluster,
      tlsCertificates: keys.map(({ certificate }) => certificate),
      sshPublicKeys: signsSsh ? keys.map(({ ssh }) => sshPublicKeyLine(ssh)) : [],
    };
  }

  /** Takes one step of a rotation, as a cluster's authority does. */
  rotate(phase: CaRotation['phase'], now: number): void {
    const swap = (): void => {
      if (this.#other) [this.#active, this.#other] = [this.#other, this.#active];
    };
    switch (phase) {
      case 'init':
        this.#other = this.#makeKeys(now);
        break;
      case 'update_clients':
      case 'rollback':
        swap();
        break;
      case 'standby':
        this.#other = undefined;
    }
  }

  signTls(content: Omit<X509Content, 'issuer'>): string {
    return signX509({ ...content, issuer: this.#name }, this.#active.tls);
  }

  signSsh(content: SshUserContent): string {
    return signSshUserCertificate(content, this.#active.ssh);
  }

  get #name(): X509Content['issuer'] {
    return [
      [TELEPORT_OID.roles, this.cluster],
      [TELEPORT_OID.user, this.cluster],
    ];
  }

  #makeKeys(now: number): Keys {
    const tls = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const { privateKey: ssh } = generateKeyPairSync('ed25519');
    const certificate = signX509(
      {
        issuer: this.#name,
        subject: this.#name,
        notBefore: new Date(now - 60_000),
        notAfter: new Date(now + LIFETIME_MS),
        publicKeyDer: createPublicKey(tls).export({ type: 'spki', format: 'der' }),
        authority: true,
      },
      tls,
    );
    return { tls, ssh, certificate };
  }
}
