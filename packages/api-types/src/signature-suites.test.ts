import { describe, expect, it } from 'vitest';
import { keyAlgorithmFor, signatureSuiteFromNumber, signatureSuiteNumber } from './signature-suites.ts';

describe('a signature suite', () => {
  it.each([
    ['user-tls-ca', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['host-tls-ca', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['user-ssh-ca', 'rsa2048', 'ed25519', 'ecdsa-p256', 'ecdsa-p256'],
    ['host-ssh-ca', 'rsa2048', 'ed25519', 'ecdsa-p256', 'ecdsa-p256'],
    ['openssh-ssh-ca', 'rsa2048', 'ed25519', 'ecdsa-p256', 'ecdsa-p256'],
    ['db-tls-ca', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['db-client-tls-ca', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['saml-idp-tls-ca', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['spiffe-tls-ca', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['awsra-tls-ca', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['jwt-ca', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['oidc-idp-jwt-ca', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['spiffe-jwt-ca', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['okta-jwt-ca', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['bound-keypair-jwt-ca', 'ecdsa-p256', 'ed25519', 'ecdsa-p256', 'ecdsa-p256'],
    ['host-identity', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['bot-impersonated-identity', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['user-tls', 'rsa2048', 'ecdsa-p256', 'ecdsa-p256', 'ecdsa-p256'],
    ['user-ssh', 'rsa2048', 'ed25519', 'ecdsa-p256', 'ed25519'],
    ['host-ssh', 'rsa2048', 'ed25519', 'ecdsa-p256', 'ed25519'],
    ['database-client', 'rsa2048', 'rsa2048', 'rsa2048', 'rsa2048'],
    ['bound-keypair-joining', 'ed25519', 'ed25519', 'ecdsa-p256', 'ed25519'],
  ] as const)('chooses for %s', (purpose, ...algorithms) => {
    const suites = ['legacy', 'balanced-v1', 'fips-v1', 'hsm-v1'] as const;
    expect(suites.map((suite) => keyAlgorithmFor(suite, purpose))).toEqual(algorithms);
  });

  it('has the number that messages give it; unspecified is legacy', () => {
    expect([0, 1, 2, 3, 4].map(signatureSuiteFromNumber)).toEqual([
      'legacy',
      'legacy',
      'balanced-v1',
      'fips-v1',
      'hsm-v1',
    ]);
    expect((['legacy', 'balanced-v1', 'fips-v1', 'hsm-v1'] as const).map(signatureSuiteNumber)).toEqual([1, 2, 3, 4]);
    expect(() => signatureSuiteFromNumber(5)).toThrow('unknown signature algorithm suite 5');
  });
});
