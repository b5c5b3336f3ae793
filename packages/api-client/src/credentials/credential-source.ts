import type { KeyObject } from 'node:crypto';
import type { CredentialSet } from './credential-set.ts';

/** The parts of a credential, as text. */
export interface CredentialParts {
  /** The client certificate, PEM. Only the first one is sent: Teleport refuses chains. */
  readonly cert: string;
  /** Its private key: PEM (PKCS#8, PKCS#1 or SEC1) or `node:crypto`'s object. */
  readonly key: string | KeyObject;
  /** Certificates of the authorities that the cluster's own certificate is checked against, PEM, one or many a text. */
  readonly ca: string | readonly string[];
}

/** Where a client takes its credential from; asked before every new connection. */
export interface CredentialSource {
  /** What it is, for messages: `tls`, `key-pair`, `identity-file`, `identity-string`, `function`. */
  readonly kind: string;
  /**
   * The credential as it is now.
   *
   * @throws TeleportError when it cannot be read, or its parts do not belong together
   */
  current(options?: { signal?: AbortSignal }): Promise<CredentialSet>;
}
