import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
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

/** The kinds of authorities that a cluster keeps; which of X.509, SSH and JWT each signs stands in its purposes. */
export type AuthorityType =
  | 'host'
  | 'user'
  | 'db'
  | 'db_client'
  | 'openssh'
  | 'jwt'
  | 'saml_idp'
  | 'oidc_idp'
  | 'spiffe'
  | 'okta'
  | 'awsra'
  | 'bound_keypair';

/** The keys that a kind of authority has, by what they are for. */
interface AuthorityKeys {
  readonly tls?: KeyPurpose;
  readonly ssh?: KeyPurpose;
  readonly jwt?: KeyPurpose;
}

const keysOf: Readonly<Record<AuthorityType, AuthorityKeys>> = {
  host: { tls: 'host-tls-ca', ssh: 'host-ssh-ca' },
  user: { tls: 'user-tls-ca', ssh: 'user-ssh-ca' },
  db: { tls: 'db-tls-ca' },
  db_client: { tls: 'db-client-tls-ca' },
  openssh: { ssh: 'openssh-ssh-ca' },
  jwt: { jwt: 'jwt-ca' },
  saml_idp: { tls: 'saml-idp-tls-ca' },
  oidc_idp: { jwt: 'oidc-idp-jwt-ca' },
  spiffe: { tls: 'spiffe-tls-ca', jwt: 'spiffe-jwt-ca' },
  okta: { jwt: 'okta-jwt-ca' },
  awsra: { tls: 'awsra-tls-ca' },
  bound_keypair: { jwt: 'bound-keypair-jwt-ca' },
};

export const AUTHORITY_TYPES: readonly AuthorityType[] = Object.keys(keysOf) as AuthorityType[];

/** The SSH half of an authority. */
export interface SshAuthority {
  readonly privateKey: KeyObject;
  /** authorized_keys form, without a newline. */
  readonly publicKey: string;
}

/** The half of an authority that signs JSON Web Tokens. */
export interface JwtAuthority {
  readonly privateKey: KeyObject;
  /** PEM: PKIX, for RSA PKCS#1. */
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
  readonly jwt?: { readonly privateKey: string };
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
  #jwt: JwtAuthority | undefined;

  constructor(options: CertAuthorityOptions, state?: CertAuthorityState) {
    this.type = options.type;
    this.clusterName = options.clusterName;
    this.suite = state?.suite ?? options.suite ?? 'balanced-v1';
    this.clock = options.clock;
    this.#created = state ? new Date(state.created) : new Date(options.clock.now());
    this.#onKeyMade = options.onKeyMade;
    if (state?.tls) this.#tls = readTlsAuthority(state.tls.certificate, state.tls.privateKey);
    if (state?.ssh) this.#ssh = sshAuthority(createPrivateKey(state.ssh.privateKey));
    if (state?.jwt) this.#jwt = jwtAuthority(createPrivateKey(state.jwt.privateKey));
  }

  get hasTls(): boolean {
    return keysOf[this.type].tls !== undefined;
  }

  get hasSsh(): boolean {
    return keysOf[this.type].ssh !== undefined;
  }

  get hasJwt(): boolean {
    return keysOf[this.type].jwt !== undefined;
  }

  /** The X.509 half. Asking an authority that has none is a mistake in the program. */
  get tls(): TlsAuthority {
    return this.#tls ?? this.#keepTls(makePrivateKey(this.#algorithm('tls')));
  }

  /** The SSH half. Asking an authority that has none is a mistake in the program. */
  get ssh(): SshAuthority {
    return this.#ssh ?? this.#keepSsh(makePrivateKey(this.#algorithm('ssh')));
  }

  /** The half that signs tokens. Asking an authority that has none is a mistake in the program. */
  get jwt(): JwtAuthority {
    return this.#jwt ?? this.#keepJwt(makePrivateKey(this.#algorithm('jwt')));
  }

  /** Makes the keys that are not there yet, without blocking. */
  async prepare(): Promise<void> {
    const [tlsKey, sshKey, jwtKey] = await Promise.all([
      this.hasTls && !this.#tls ? makePrivateKeyInBackground(this.#algorithm('tls')) : undefined,
      this.hasSsh && !this.#ssh ? makePrivateKeyInBackground(this.#algorithm('ssh')) : undefined,
      this.hasJwt && !this.#jwt ? makePrivateKeyInBackground(this.#algorithm('jwt')) : undefined,
    ]);
    if (tlsKey && !this.#tls) this.#keepTls(tlsKey);
    if (sshKey && !this.#ssh) this.#keepSsh(sshKey);
    if (jwtKey && !this.#jwt) this.#keepJwt(jwtKey);
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
      ...(this.#jwt ? { jwt: { privateKey: privateKeyPem(this.#jwt.privateKey) } } : {}),
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

  #keepJwt(key: KeyObject): JwtAuthority {
    this.#jwt = jwtAuthority(key);
    this.#onKeyMade?.(this);
    return this.#jwt;
  }

  #algorithm(half: keyof AuthorityKeys): KeyAlgorithm {
    const purpose = keysOf[this.type][half];
    if (!purpose) throw new TypeError(`authorities of type ${this.type} sign no ${signedBy[half]}`);
    return keyAlgorithmFor(this.suite, purpose);
  }
}

const signedBy = { tls: 'X.509 certificates', ssh: 'SSH certificates', jwt: 'tokens' } as const;

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

function jwtAuthority(privateKey: KeyObject): JwtAuthority {
  const type = privateKey.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'spki';
  return { privateKey, publicKey: createPublicKey(privateKey).export({ type, format: 'pem' }).toString() };
}
