import type { Clock } from '../clock.ts';
import type { CredentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';

/**
 * A source that remembers what worked. A newer credential that cannot be read, is not valid now, or was refused by the
 * cluster does not take the place of one that still works.
 */
export class KeptCredential implements CredentialSource {
  readonly kind: string;
  readonly constant: boolean;
  readonly #source: CredentialSource;
  readonly #clock: Clock;
  #good: CredentialSet | undefined;
  #refused: string | undefined;

  constructor(source: CredentialSource, clock: Clock) {
    this.kind = source.kind;
    this.constant = source.constant ?? false;
    this.#source = source;
    this.#clock = clock;
  }

  /** The newest credential, whatever its dates say and whatever happened to it before. */
  newest(options?: { signal?: AbortSignal }): Promise<CredentialSet> {
    return this.#source.current(options);
  }

  /** The credential for the next connection: the newest, or the one that worked if that is of no use. */
  async current(options?: { signal?: AbortSignal }): Promise<CredentialSet> {
    try {
      const set = await this.newest(options);
      set.assertValidAt(this.#clock.now());
      return set.fingerprint === this.#refused ? (this.#usable() ?? set) : set;
    } catch (error) {
      const usable = options?.signal?.aborted ? undefined : this.#usable();
      if (!usable) throw error;
      return usable;
    }
  }

  /** The cluster took it. */
  worked(set: CredentialSet): void {
    this.#good = set;
    this.#refused = undefined;
  }

  /** The cluster did not take it, and would not if asked again. */
  refused(set: CredentialSet): void {
    this.#refused = set.fingerprint;
  }

  /** Lets one that was refused be tried again. */
  forgive(): void {
    this.#refused = undefined;
  }

  addresses(options?: { signal?: AbortSignal }): Promise<readonly string[]> {
    return this.#source.addresses?.(options) ?? Promise.resolve([]);
  }

  paths(): readonly string[] {
    return this.#source.paths?.() ?? [];
  }

  onChange(changed: () => void): () => void {
    return this.#source.onChange?.(changed) ?? (() => {});
  }

  #usable(): CredentialSet | undefined {
    const { notAfter } = this.#good ?? {};
    return notAfter && notAfter.getTime() <= this.#clock.now() ? undefined : this.#good;
  }
}
