import { createPrivateKey, type KeyObject } from 'node:crypto';
import {
  type KeyAlgorithm,
  type KeyPurpose,
  keyAlgorithmFor,
  privateKeyPem,
  type SignatureSuite,
  sshPublicKeyLine,
} from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import { makePrivateKey, makePrivateKeyInBackground } from './key-pair.ts';
import { makeTlsAuthority, readTlsAuthority, type TlsAuthority } from './tls-authority.ts';

/** The kinds of authorities that the cluster keeps. `user` and `host` sign X.509 and SSH, `db…` X.509, `openssh` SSH. */
export type AuthorityType = 'user' | 'host' | 'db' | 'db_client' | 'openssh';

const tlsPurposes: Readonly<Partial<Record<AuthorityType, KeyPurpose>>> = {
  user: 'user-tls-ca',
  host: 'host-tls-ca',
  db: 'db-tls-ca',
  db_client: 'db-client-tls-ca',
};

const sshPurposes: Readonly<Partial<Record<AuthorityType, KeyPurpose>>> = {
  user: 'user-ssh-ca',
  host: 'host-ssh-ca',
  openssh: 'openssh-ssh-ca',
};

/** The SSH half of an authority. */
export interface SshAuthority {
  readonly privateKey: KeyObject;
  /** authorized_keys form, without a newline. */
  readonly publicKey: string;
}

export interface CertAuthorityOptions {
  readonly type: AuthorityType;
  readonly clusterName: string;
  /** Default `balanced-v1`. */
  readonly suite?: SignatureSuite;
  readonly clock: Pick<Clock, 'now'>;
  /** Called after a key was made, so that whoever keeps the authority on disk can write it again. */
  readonly onKeyMade?: (authority: CertAuthority) => void;
}

/** An authority as it lies on disk; a key that nothing has asked for yet is absent. Holds private keys. */
export interface CertAuthorityState {
  readonly type: AuthorityType;
  readonly clusterName: string;
  readonly suite: SignatureSuite;
  /** RFC 3339. */
  readonly created: string;
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
  readonly ssh?: { readonly privateKey: string };
}

/**
 * One generation of a cluster's certificate authority. Keys are made at first use, since an RSA key takes a quarter of
 * a second; {@link CertAuthority.prepare} makes them beforehand, off the event loop. A rotation keeps several of these.
 */
export class CertAuthority {
  readonly type: AuthorityType;
  readonly clusterName: string;
  readonly suite: SignatureSuite;
  readonly clock: Pick<Clock, 'now'>;
  readonly #created: Date;
  readonly #onKeyMade: ((authority: CertAuthority) => void) | undefined;
  #tls: TlsAuthority | undefined;
  #ssh: SshAuthority | undefined;

  constructor(options: CertAuthorityOptions, state?: CertAuthorityState) {
    this.type = options.type;
    this.clusterName = options.clusterName;
    this.suite = state?.suite ?? options.suite ?? 'balanced-v1';
    this.clock = options.clock;
    this.#created = state ? new Date(state.created) : new Date(options.clock.now());
    this.#onKeyMade = options.onKeyMade;
    if (state?.tls) this.#tls = readTlsAuthority(state.tls.certificate, state.tls.privateKey);
    if (state?.ssh) this.#ssh = sshAuthority(createPrivateKey(state.ssh.privateKey));
  }

  get hasTls(): boolean {
    return tlsPurposes[this.type] !== undefined;
  }

  get hasSsh(): boolean {
    return sshPurposes[this.type] !== undefined;
  }

  /** The X.509 half. Asking an authority that has none is a mistake in the program. */
  get tls(): TlsAuthority {
    return this.#tls ?? this.#keepTls(makePrivateKey(this.#algorithm(tlsPurposes)));
  }

  /** The SSH half. Asking an authority that has none is a mistake in the program. */
  get ssh(): SshAuthority {
    return this.#ssh ?? this.#keepSsh(makePrivateKey(this.#algorithm(sshPurposes)));
  }

  /** Makes the keys that are not there yet, without blocking. */
  async prepare(): Promise<void> {
    const [tlsKey, sshKey] = await Promise.all([
      this.hasTls && !this.#tls ? makePrivateKeyInBackground(this.#algorithm(tlsPurposes)) : undefined,
      this.hasSsh && !this.#ssh ? makePrivateKeyInBackground(this.#algorithm(sshPurposes)) : undefined,
    ]);
    if (tlsKey && !this.#tls) this.#keepTls(tlsKey);
    if (sshKey && !this.#ssh) this.#keepSsh(sshKey);
  }

  /** What to keep on disk. Holds private keys. */
  toState(): CertAuthorityState {
    return {
      type: this.type,
      clusterName: this.clusterName,
      suite: this.suite,
      created: this.#created.toISOString(),
      ...(this.#tls
        ? { tls: { certificate: this.#tls.certificate, privateKey: privateKeyPem(this.#tls.privateKey) } }
        : {}),
      ...(this.#ssh ? { ssh: { privateKey: privateKeyPem(this.#ssh.privateKey) } } : {}),
    };
  }

  #keepTls(key: KeyObject): TlsAuthority {
    this.#tls = makeTlsAuthority(key, this.clusterName, this.#created);
    this.#onKeyMade?.(this);
    return this.#tls;
  }

  #keepSsh(key: KeyObject): SshAuthority {
    this.#ssh = sshAuthority(key);
    this.#onKeyMade?.(this);
    return this.#ssh;
  }

  #algorithm(purposes: Readonly<Partial<Record<AuthorityType, KeyPurpose>>>): KeyAlgorithm {
    const purpose = purposes[this.type];
    if (!purpose) {
      throw new TypeError(
        `authorities of type ${this.type} sign no ${purposes === sshPurposes ? 'SSH' : 'X.509'} certificates`,
      );
    }
    return keyAlgorithmFor(this.suite, purpose);
  }
}

/** A new authority; its keys are made at first use. */
export function createAuthority(options: CertAuthorityOptions): CertAuthority {
  return new CertAuthority(options);
}

/** The authority that {@link CertAuthority.toState} described; keys that were not made yet are made at first use. */
export function restoreAuthority(
  state: CertAuthorityState,
  options: Pick<CertAuthorityOptions, 'clock' | 'onKeyMade'>,
): CertAuthority {
  return new CertAuthority({ ...options, type: state.type, clusterName: state.clusterName }, state);
}

function sshAuthority(privateKey: KeyObject): SshAuthority {
  return { privateKey, publicKey: sshPublicKeyLine(privateKey) };
}
