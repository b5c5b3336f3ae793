import type { KeyObject } from 'node:crypto';
import type { CredentialSet } from './credential-set.ts';

/** The parts of a credential, as text. */
export interface CredentialParts {
  /** The client certificate, PEM. Only the first one is sent: Teleport refuses chains. */
  readonly cert: string;
  /** Its private key: PEM (PKCS#8, PKCS#1, SEC1 or OpenSSH’s format, not encrypted) or `node:crypto`'s object. */
  readonly key: string | KeyObject;
  /** Certificates of the authorities that the cluster's own certificate is checked against, PEM, one or many a text. */
  readonly ca: string | readonly string[];
}

/** Where a client takes its credential from; asked before every new connection, and when it may have changed. */
export interface CredentialSource {
  /** What it is, for messages: `tls`, `key-pair`, `identity-file`, `identity-string`, `profile`, `function`, `first-of`. */
  readonly kind: string;
  /** It gives the same for ever, so that it is not asked again without need. Default false. */
  readonly constant?: boolean;
  /**
   * The credential as it is now.
   *
   * @throws TeleportError when it cannot be read, or its parts do not belong together
   */
  current(options?: { signal?: AbortSignal }): Promise<CredentialSet>;
  /** Where the cluster is, `host:port`, if the source knows it: what `connect` dials when it is given no address. */
  addresses?(options?: { signal?: AbortSignal }): Promise<readonly string[]>;
  /** The files that {@link current} read the last time it was called: when one changes, it is worth calling again. */
  paths?(): readonly string[];
  /**
   * Calls `changed` when {@link current} would give another credential, so that a connected client asks at once; for a source
   * that is told of it. What it returns ends that.
   */
  onChange?(changed: () => void): () => void;
}
