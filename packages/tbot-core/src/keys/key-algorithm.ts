import {
  type KeyAlgorithm,
  keyAlgorithmFor,
  type SignatureSuite,
  signatureSuiteFromNumber,
  TeleportError,
} from '@teleport-ts/api-types';

const SUITES: readonly SignatureSuite[] = ['legacy', 'balanced-v1', 'fips-v1', 'hsm-v1'];

/**
 * The key of the bot's own identity, by the cluster's signature algorithm suite; one key serves both of its certificates.
 *
 * @param suite the number in a ping's answer, or the text in that of `/webapi/find` (absent and empty mean legacy)
 * @throws TeleportError `bad_parameter` for a suite that is not known
 */
export function botKeyAlgorithm(suite: string | number | undefined): KeyAlgorithm {
  return keyAlgorithmFor(
    typeof suite === 'number' ? signatureSuiteFromNumber(suite) : suiteOf(suite ?? ''),
    'host-identity',
  );
}

function suiteOf(text: string): SignatureSuite {
  const name = text
    .toLowerCase()
    .replace(/^signature_algorithm_suite_/, '')
    .replaceAll('_', '-');
  if (name === '' || name === 'unspecified') return 'legacy';
  const suite = SUITES.find((known) => known === name);
  if (suite) return suite;
  throw new TeleportError('bad_parameter', `unknown signature algorithm suite ${JSON.stringify(text)}`, {
    hint: 'the cluster is newer than this agent',
  });
}

/**
 * The key for a credential, by what will use it: RSA 2048 for databases, whose servers and drivers do not all know
 * another, ECDSA P-256 for everything else.
 */
export function consumerKeyAlgorithm(kind: string): KeyAlgorithm {
  return kind === 'database' ? 'rsa2048' : 'ecdsa-p256';
}
