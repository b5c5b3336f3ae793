import { expect, test } from 'vitest';
import { authenticationSettings, signatureSuite } from './authentication-settings.ts';

test('every setting has its place', () => {
  const settings = authenticationSettings({
    type: 'oidc',
    second_factor: 'webauthn',
    preferred_local_mfa: 'webauthn',
    allow_passwordless: true,
    allow_headless: true,
    local: { name: 'passwordless' },
    webauthn: { rp_id: 'example.com' },
    oidc: { name: 'okta', display: 'Okta', IssuerURL: 'https://okta.example.com' },
    saml: { name: 'adfs', display: 'ADFS', singleLogoutEnabled: true, SSO: 'https://adfs.example.com/sso' },
    github: { name: 'gh', display: 'GitHub', EndpointURL: 'https://github.example.com' },
    private_key_policy: 'hardware_key_touch',
    piv_slot: '9a',
    piv_pin_cache_ttl: 3_600_000_000_000,
    device_trust: { disabled: true, auto_enroll: true },
    has_motd: true,
    load_all_cas: true,
    default_session_ttl: '12h30m0s',
  });
  expect(settings).toEqual({
    type: 'oidc',
    secondFactor: 'webauthn',
    preferredLocalMfa: 'webauthn',
    allowPasswordless: true,
    allowHeadless: true,
    local: { name: 'passwordless' },
    webauthn: { rpId: 'example.com' },
    oidc: { name: 'okta', display: 'Okta', issuerUrl: 'https://okta.example.com' },
    saml: { name: 'adfs', display: 'ADFS', singleLogoutEnabled: true, ssoUrl: 'https://adfs.example.com/sso' },
    github: { name: 'gh', display: 'GitHub', endpointUrl: 'https://github.example.com' },
    privateKeyPolicy: 'hardware_key_touch',
    pivSlot: '9a',
    pivPinCacheTtlMs: 3_600_000,
    deviceTrust: { disabled: true, autoEnroll: true },
    hasMessageOfTheDay: true,
    loadAllCas: true,
    defaultSessionTtlMs: 45_000_000,
  });
});

test('what is not set, or makes no sense, is absent', () => {
  expect(
    authenticationSettings({ type: '', default_session_ttl: 'soon', oidc: null, piv_pin_cache_ttl: '1h' }),
  ).toEqual({
    type: 'local',
    allowPasswordless: false,
    allowHeadless: false,
    deviceTrust: { disabled: false, autoEnroll: false },
    hasMessageOfTheDay: false,
    loadAllCas: false,
  });
});

test.each([
  ['balanced-v1', 'balanced-v1'],
  ['SIGNATURE_ALGORITHM_SUITE_HSM_V1', 'hsm-v1'],
  ['SIGNATURE_ALGORITHM_SUITE_UNSPECIFIED', undefined],
  ['', undefined],
  [2, undefined],
])('the suite %j is %s', (written, suite) => {
  expect(signatureSuite(written)).toBe(suite);
});
