import { randomUUID, X509Certificate } from 'node:crypto';
import type { SignatureSuite } from '@teleport-ts/api-types';
import { Rotation } from '@teleport-ts/api-types/proto/teleport/types/rotation';
import type { ClientAuthority } from '../auth/client-certificate.ts';
import { type Clock, systemClock } from '../clock.ts';
import {
  AUTHORITY_TYPES,
  type AuthorityType,
  type CertAuthority,
  type CertAuthorityState,
  createAuthority,
  restoreAuthority,
} from '../pki/cert-authority.ts';
import { WebAuthority, type WebAuthorityState } from '../pki/web-certificate.ts';
import { jsonCodec } from '../store/codec.ts';
import type { Collection } from '../store/collection.ts';
import type { Store } from '../store/store.ts';

/** The generations of one authority that are trusted, and where it stands in its rotation. */
export interface Generations {
  /** Signs, and is trusted. */
  readonly active: CertAuthority;
  /** Is trusted only: during a rotation the generation that comes or goes. */
  readonly additional?: CertAuthority | undefined;
  /** Absent until it is rotated for the first time. */
  readonly rotation?: Rotation | undefined;
}

interface KeptGenerations {
  readonly active: CertAuthorityState;
  readonly additional?: CertAuthorityState;
  /** A `types.Rotation`, base64. */
  readonly rotation?: string;
  readonly revision: string;
}

export interface AuthoritiesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly clusterName: string;
  /** The suite that keys made from now on follow. */
  readonly suite: () => SignatureSuite;
}

/** The cluster's certificate authorities, and the one behind the proxy's web certificate. */
export class Authorities {
  readonly web: WebAuthority;
  readonly clusterName: string;
  readonly #options: AuthoritiesOptions;
  readonly #kept: Collection<KeptGenerations>;
  readonly #byType = new Map<AuthorityType, Generations & { readonly revision: string }>();
  readonly #listeners = new Set<(type: AuthorityType) => void>();
  readonly #parsed = new Map<string, X509Certificate>();

  constructor(options: AuthoritiesOptions) {
    const { store } = options;
    this.#options = options;
    this.clusterName = options.clusterName;
    this.#kept = store.collection('authority', { codec: jsonCodec<KeptGenerations>() });
    for (const type of AUTHORITY_TYPES) {
      const kept = this.#kept.get(type);
      this.#byType.set(type, kept ? this.#restore(kept) : { active: this.create(type), revision: randomUUID() });
    }
    this.web = openWebAuthority(store.collection('web_authority', { codec: jsonCodec<WebAuthorityState>() }));
  }

  /** The generation that signs. */
  signing(type: AuthorityType): CertAuthority {
    return this.generations(type).active;
  }

  /** The generation that signed what servers show: in the phase `update_clients` still the old one. */
  serving(type: AuthorityType): CertAuthority {
    const { active, additional, rotation } = this.generations(type);
    return rotation?.Phase === 'update_clients' && additional ? additional : active;
  }

  /** All generations that are trusted, the signing one first. */
  trusted(type: AuthorityType): readonly CertAuthority[] {
    const { active, additional } = this.generations(type);
    return additional ? [active, additional] : [active];
  }

  generations(type: AuthorityType): Generations & { readonly revision: string } {
    return this.#byType.get(type) as Generations & { readonly revision: string };
  }

  /** A further generation, that nothing knows of yet; its keys are made at first use. */
  create(type: AuthorityType): CertAuthority {
    const { clock, clusterName, suite } = this.#options;
    return createAuthority({ type, clusterName, suite: suite(), clock, onKeyMade: () => this.#keep(type) });
  }

  /** A generation with keys that somebody else has made. */
  import(state: CertAuthorityState): CertAuthority {
    return restoreAuthority(state, { clock: this.#options.clock, onKeyMade: ({ type }) => this.#keep(type) });
  }

  /** Replaces the generations of an authority under a new revision, and tells who listens. */
  replace(type: AuthorityType, generations: Generations): void {
    this.#byType.set(type, { ...generations, revision: randomUUID() });
    this.#keep(type);
    for (const listener of this.#listeners) listener(type);
  }

  /** Calls `listener` after each {@link replace}; returns what ends that. */
  subscribe(listener: (type: AuthorityType) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Makes the keys of all trusted generations, without blocking. */
  async prepare(type: AuthorityType): Promise<void> {
    await Promise.all(this.trusted(type).map((authority) => authority.prepare()));
  }

  /** X.509 certificates of all trusted generations, PEM. */
  tlsCertificates(type: AuthorityType): string[] {
    return this.trusted(type).map(({ tls }) => tls.certificate);
  }

  /** SSH public keys of all trusted generations, authorized_keys lines with a newline. */
  sshPublicKeys(type: AuthorityType): string[] {
    return this.trusted(type).map(({ ssh }) => `${ssh.publicKey}\n`);
  }

  /** What client certificates are checked against. */
  forClients(): ClientAuthority[] {
    return (['user', 'host'] as const).map((type) => ({
      type,
      cluster: this.clusterName,
      certificates: this.tlsCertificates(type).map((pem) => this.#parse(pem)),
    }));
  }

  #keep(type: AuthorityType): void {
    const generations = this.#byType.get(type);
    if (!generations) return;
    const { active, additional, rotation, revision } = generations;
    this.#kept.put(type, {
      active: active.toState(),
      ...(additional && { additional: additional.toState() }),
      ...(rotation && { rotation: Buffer.from(Rotation.encode(rotation).finish()).toString('base64') }),
      revision,
    });
  }

  #restore(kept: KeptGenerations): Generations & { readonly revision: string } {
    const { active, additional, rotation, revision } = kept;
    return {
      active: this.import(active),
      additional: additional && this.import(additional),
      rotation: rotation === undefined ? undefined : Rotation.decode(Buffer.from(rotation, 'base64')),
      revision,
    };
  }

  #parse(pem: string): X509Certificate {
    const parsed = this.#parsed.get(pem) ?? new X509Certificate(pem);
    this.#parsed.set(pem, parsed);
    return parsed;
  }
}

const WEB = 'web';

// By the machine's clock, whatever the cluster's says: curl and browsers look at no other.
function openWebAuthority(kept: Collection<WebAuthorityState>): WebAuthority {
  const state = kept.get(WEB);
  const authority = new WebAuthority({ clock: systemClock, ...(state && { state }) });
  if (!state) kept.put(WEB, authority.toState());
  return authority;
}
