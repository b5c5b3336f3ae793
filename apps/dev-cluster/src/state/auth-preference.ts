import { type SignatureSuite, signatureSuiteFromNumber, signatureSuiteNumber } from '@teleport-ts/api-types';
import { AuthPreferenceSpecV2, AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { SecondFactorType } from '@teleport-ts/api-types/proto/teleport/types/mfa_policy';
import { accessDenied, badParameter, unknownError } from '../errors.ts';
import { metadataOf } from '../resources.ts';

const ORIGIN = 'teleport.dev/origin';
const NAME = 'cluster-auth-preference';
const HOUR_NANOSECONDS = 3_600_000_000_000n;

/** How people log in and which keys are made, as it stands before somebody changes it. */
export function configuredAuthPreference(
  suite: SignatureSuite,
  origin: 'config-file' | 'defaults' = 'config-file',
): AuthPreferenceV2 {
  return AuthPreferenceV2.create({
    Kind: 'cluster_auth_preference',
    Version: 'v2',
    Metadata: metadataOf({ name: NAME, labels: { [ORIGIN]: origin } }),
    Spec: withDefaults(
      AuthPreferenceSpecV2.create({
        ...(origin === 'defaults'
          ? { SecondFactor: 'otp' }
          : { SecondFactors: [SecondFactorType.SECOND_FACTOR_TYPE_OTP] }),
        signatureAlgorithmSuite: signatureSuiteNumber(suite) as 1,
      }),
    ),
  });
}

/** The suite that keys are made by; `legacy` where none is named. */
export function suiteOf({ Spec }: AuthPreferenceV2): SignatureSuite {
  const number = Spec?.signatureAlgorithmSuite ?? 0;
  return number === 0 ? 'legacy' : signatureSuiteFromNumber(number);
}

/**
 * A preference that somebody sends, with what the real one fills in. The suites are `legacy` and `balanced-v1`; a second
 * factor that administrators would have to show is refused, since nobody can enrol one here.
 *
 * @throws TeleportError `bad_parameter` or `access_denied`
 */
export function checkedAuthPreference(preference: AuthPreferenceV2 | undefined): AuthPreferenceV2 {
  if (!preference) throw badParameter('missing auth preference');
  const given = preference.Spec ?? AuthPreferenceSpecV2.create();
  if (given.SecondFactors.length === 0 && !ENFORCED_FACTORS.includes(given.SecondFactor)) {
    throw unknownError('cannot disable multi-factor authentication');
  }
  const spec = withDefaults(given);
  check(spec);
  const metadata = preference.Metadata ?? metadataOf({ name: NAME });
  const Labels = new Map(metadata.Labels).set(ORIGIN, 'dynamic');
  const Metadata = { ...metadata, Name: NAME, Labels };
  return { ...preference, Kind: 'cluster_auth_preference', Version: 'v2', Metadata, Spec: spec };
}

function withDefaults(spec: AuthPreferenceSpecV2): AuthPreferenceSpecV2 {
  const no = { Value: false };
  const hasFactor = spec.SecondFactor !== '' || spec.SecondFactors.length > 0;
  return {
    ...spec,
    Type: spec.Type || 'local',
    SecondFactor: hasFactor ? spec.SecondFactor : 'otp',
    DisconnectExpiredCert: spec.DisconnectExpiredCert ?? no,
    AllowLocalAuth: spec.AllowLocalAuth ?? { Value: true },
    LockingMode: spec.LockingMode || 'best_effort',
    AllowPasswordless: spec.AllowPasswordless ?? no,
    AllowHeadless: spec.AllowHeadless ?? no,
    IDP: { SAML: { Enabled: spec.IDP?.SAML?.Enabled ?? { Value: true } } },
    DefaultSessionTTL: spec.DefaultSessionTTL || 12n * HOUR_NANOSECONDS,
    Okta: spec.Okta ?? AuthPreferenceSpecV2.fromPartial({ Okta: {} }).Okta,
  };
}

const ENFORCED_FACTORS = ['otp', 'webauthn', 'on', 'u2f'];
const TYPES = ['local', 'oidc', 'saml', 'github'];
const FACTORS = ['', 'off', 'otp', 'webauthn', 'on', 'optional', 'u2f'];
const SUITES = [0, 1, 2];
const PRESENT_HARDWARE_KEY = 2;

function check(spec: AuthPreferenceSpecV2): void {
  const quoted = JSON.stringify;
  if (!TYPES.includes(spec.Type)) throw badParameter(`authentication type ${quoted(spec.Type)} not supported`);
  if (spec.SecondFactor !== '' && spec.SecondFactors.length > 0) {
    throw badParameter('must set either SecondFactor or SecondFactors, not both');
  }
  if (!FACTORS.includes(spec.SecondFactor)) {
    throw badParameter(`second factor type ${quoted(spec.SecondFactor)} not supported`);
  }
  const isWebauthn =
    ['webauthn', 'on', 'optional', 'u2f'].includes(spec.SecondFactor) ||
    spec.SecondFactors.includes(SecondFactorType.SECOND_FACTOR_TYPE_WEBAUTHN);
  if (isWebauthn && !spec.Webauthn) throw badParameter('missing required webauthn configuration');
  if (isWebauthn && !allowsOneTimePasswords(spec)) {
    throw badParameter('this cluster has no second factors: one-time passwords must stay allowed');
  }
  if (!isWebauthn && spec.AllowPasswordless?.Value) {
    throw badParameter('missing required Webauthn configuration for passwordless=true');
  }
  if (!isWebauthn && spec.AllowHeadless?.Value) {
    throw badParameter('missing required Webauthn configuration for headless=true');
  }
  if (spec.Type === 'local' && !['', 'local', 'passwordless', 'headless'].includes(spec.ConnectorName)) {
    throw badParameter(`invalid local connector ${quoted(spec.ConnectorName)}`);
  }
  if (!['best_effort', 'strict'].includes(spec.LockingMode)) {
    throw badParameter(`locking mode ${quoted(spec.LockingMode)} not supported`);
  }
  if (spec.RequireMFAType >= PRESENT_HARDWARE_KEY) {
    throw accessDenied('Hardware Key support is only available with an enterprise license');
  }
  if (!SUITES.includes(spec.signatureAlgorithmSuite)) {
    throw badParameter(`signature algorithm suite ${spec.signatureAlgorithmSuite} is not modelled by this cluster`);
  }
}

const allowsOneTimePasswords = ({ SecondFactor, SecondFactors }: AuthPreferenceSpecV2): boolean =>
  ['on', 'optional', 'otp', 'off'].includes(SecondFactor) ||
  SecondFactors.includes(SecondFactorType.SECOND_FACTOR_TYPE_OTP);
