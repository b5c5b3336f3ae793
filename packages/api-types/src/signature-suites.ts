import { TeleportError } from './teleport-error.ts';

/** A cluster's setting of which algorithms keys use (RFD 136). */
export type SignatureSuite = 'legacy' | 'balanced-v1' | 'fips-v1' | 'hsm-v1';

/** The algorithms that the suites choose from. */
export type KeyAlgorithm = 'rsa2048' | 'ecdsa-p256' | 'ed25519';

/** What a key is for. Authorities' keys end in `-ca`. */
export type KeyPurpose =
  | 'user-tls-ca'
  | 'user-ssh-ca'
  | 'host-tls-ca'
  | 'host-ssh-ca'
  | 'openssh-ssh-ca'
  | 'db-tls-ca'
  | 'db-client-tls-ca'
  | 'saml-idp-tls-ca'
  | 'spiffe-tls-ca'
  | 'awsra-tls-ca'
  | 'jwt-ca'
  | 'oidc-idp-jwt-ca'
  | 'spiffe-jwt-ca'
  | 'okta-jwt-ca'
  | 'bound-keypair-jwt-ca'
  /** A host's own identity, and a bot's own. */
  | 'host-identity'
  /** What a bot asks for on behalf of others. */
  | 'bot-impersonated-identity'
  | 'user-tls'
  | 'user-ssh'
  | 'host-ssh'
  | 'database-client'
  | 'bound-keypair-joining';

const balanced: Readonly<Record<KeyPurpose, KeyAlgorithm>> = {
  'user-tls-ca': 'ecdsa-p256',
  'user-ssh-ca': 'ed25519',
  'host-tls-ca': 'ecdsa-p256',
  'host-ssh-ca': 'ed25519',
  'openssh-ssh-ca': 'ed25519',
  'db-tls-ca': 'rsa2048',
  'db-client-tls-ca': 'rsa2048',
  'saml-idp-tls-ca': 'rsa2048',
  'spiffe-tls-ca': 'ecdsa-p256',
  'awsra-tls-ca': 'ecdsa-p256',
  'jwt-ca': 'ecdsa-p256',
  'oidc-idp-jwt-ca': 'rsa2048',
  'spiffe-jwt-ca': 'rsa2048',
  'okta-jwt-ca': 'ecdsa-p256',
  'bound-keypair-jwt-ca': 'ed25519',
  'host-identity': 'ecdsa-p256',
  'bot-impersonated-identity': 'ecdsa-p256',
  'user-tls': 'ecdsa-p256',
  'user-ssh': 'ed25519',
  'host-ssh': 'ed25519',
  'database-client': 'rsa2048',
  'bound-keypair-joining': 'ed25519',
};

/** What came after the legacy suite was fixed has no RSA keys in it either. */
const legacyExceptions: Readonly<Partial<Record<KeyPurpose, KeyAlgorithm>>> = {
  'okta-jwt-ca': 'ecdsa-p256',
  'awsra-tls-ca': 'ecdsa-p256',
  'bound-keypair-jwt-ca': 'ecdsa-p256',
  'bound-keypair-joining': 'ed25519',
};

/**
 * The algorithm of a key for a purpose under a cluster's suite, as Teleport 18 chooses.
 *
 * ```ts
 * keyAlgorithmFor('balanced-v1', 'bot-impersonated-identity'); // 'ecdsa-p256'
 * ```
 */
export function keyAlgorithmFor(suite: SignatureSuite, purpose: KeyPurpose): KeyAlgorithm {
  const algorithm = balanced[purpose];
  switch (suite) {
    case 'legacy':
      return legacyExceptions[purpose] ?? 'rsa2048';
    case 'balanced-v1':
      return algorithm;
    case 'fips-v1':
      return algorithm === 'ed25519' ? 'ecdsa-p256' : algorithm;
    case 'hsm-v1':
      return algorithm === 'ed25519' && purpose.endsWith('-ca') ? 'ecdsa-p256' : algorithm;
  }
}

const suiteNumbers: readonly SignatureSuite[] = ['legacy', 'legacy', 'balanced-v1', 'fips-v1', 'hsm-v1'];

/**
 * The suite behind the number that a ping answers (`types.SignatureAlgorithmSuite`); 0, unspecified, means legacy.
 *
 * @throws TeleportError `bad_parameter` for a number that Teleport 18 does not know
 */
export function signatureSuiteFromNumber(value: number): SignatureSuite {
  const suite = suiteNumbers[value];
  if (!suite) throw new TeleportError('bad_parameter', `unknown signature algorithm suite ${value}`);
  return suite;
}

/** The number by which messages name a suite (`types.SignatureAlgorithmSuite`). */
export function signatureSuiteNumber(suite: SignatureSuite): number {
  return suiteNumbers.lastIndexOf(suite);
}
