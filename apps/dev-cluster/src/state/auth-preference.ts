import { type SignatureSuite, signatureSuiteFromNumber, signatureSuiteNumber } from '@teleport-ts/api-types';
import { AuthPreferenceSpecV2, AuthPreferenceV2 } from '@teleport-ts/api-types/proto/teleport/types/auth_preference';
import { SecondFactorType } from '@teleport-ts/api-types/proto/teleport/types/mfa_policy';
import { authPreferenceView, checkAndSetDefaults } from '@teleport-ts/api-types/resources/auth-preference';
import { accessDenied, badParameter, unknownError } from '../errors.ts';
import { metadataOf } from '../resources.ts';

const ORIGIN = 'teleport.dev/origin';

/** How people log in and which keys are made, as it stands before somebody changes it. */
export function configuredAuthPreference(
  suite: SignatureSuite,
  origin: 'config-file' | 'defaults' = 'config-file',
): AuthPreferenceV2 {
  return checkAndSetDefaults(
    AuthPreferenceV2.create({
      Metadata: metadataOf({ name: 'cluster-auth-preference', labels: { [ORIGIN]: origin } }),
      Spec: {
        ...(origin === 'defaults'
          ? { SecondFactor: 'otp' }
          : { SecondFactors: [SecondFactorType.SECOND_FACTOR_TYPE_OTP] }),
        signatureAlgorithmSuite: signatureSuiteNumber(suite) as 1,
      },
    }),
  );
}

/** The suite that keys are made by; `legacy` where none is named. */
export function suiteOf({ Spec }: AuthPreferenceV2): SignatureSuite {
  const number = Spec?.signatureAlgorithmSuite ?? 0;
  return number === 0 ? 'legacy' : signatureSuiteFromNumber(number);
}

const ENFORCED_FACTORS = ['otp', 'webauthn', 'on', 'u2f'];
const SUITES = [0, 1, 2];
const PRESENT_HARDWARE_KEY = 2;

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
  const Metadata = preference.Metadata ?? metadataOf({ name: '' });
  const Labels = new Map(Metadata.Labels).set(ORIGIN, 'dynamic');
  const checked = checkAndSetDefaults({ ...preference, Metadata: { ...Metadata, Labels } });
  const { secondFactors } = authPreferenceView(checked);
  if (secondFactors.includes('webauthn') && !secondFactors.includes('otp')) {
    throw badParameter('this cluster has no second factors: one-time passwords must stay allowed');
  }
  const { RequireMFAType, signatureAlgorithmSuite } = checked.Spec as AuthPreferenceSpecV2;
  if (RequireMFAType >= PRESENT_HARDWARE_KEY) {
    throw accessDenied('Hardware Key support is only available with an enterprise license');
  }
  if (!SUITES.includes(signatureAlgorithmSuite)) {
    throw badParameter(`signature algorithm suite ${signatureAlgorithmSuite} is not modelled by this cluster`);
  }
  return checked;
}
