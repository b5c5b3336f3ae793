import { badParameter } from '../bad-parameter.ts';
import { AuthPreferenceSpecV2, type AuthPreferenceV2 } from '../gen/teleport/types/auth_preference.ts';
import { SecondFactorType } from '../gen/teleport/types/mfa_policy.ts';
import { Metadata } from '../gen/teleport/types/resource.ts';
import { checkMetadata } from '../resources/metadata.ts';

const HOUR_NANOSECONDS = 3_600_000_000_000n;
const { SECOND_FACTOR_TYPE_OTP: OTP, SECOND_FACTOR_TYPE_WEBAUTHN: WEBAUTHN } = SecondFactorType;

const TYPES = ['local', 'oidc', 'saml', 'github'];
/** What the values of the older field stand for. */
const OLDER_FACTORS: ReadonlyMap<string, readonly SecondFactorType[]> = new Map<string, readonly SecondFactorType[]>([
  ['off', []],
  ['otp', [OTP]],
  ['webauthn', [WEBAUTHN]],
  ['u2f', [WEBAUTHN]],
  ['on', [WEBAUTHN, OTP]],
  ['optional', [WEBAUTHN, OTP]],
]);
const LOCAL_CONNECTORS = ['', 'local', 'passwordless', 'headless'];

const quoted = (text: string): string => JSON.stringify(text);

/** The second factors of a preference, whichever of its two fields says them. */
export function secondFactorsOf({ SecondFactor, SecondFactors }: AuthPreferenceSpecV2): readonly SecondFactorType[] {
  return SecondFactors.length > 0 ? SecondFactors : (OLDER_FACTORS.get(SecondFactor) ?? []);
}

/** @throws TeleportError `bad_parameter` */
export function checkAuthPreference(preference: AuthPreferenceV2): AuthPreferenceV2 {
  const given = preference.Metadata ?? Metadata.create();
  const metadata = checkMetadata({ ...given, Name: 'cluster-auth-preference' });
  const Labels = metadata.Labels.get('teleport.dev/origin')
    ? metadata.Labels
    : new Map(metadata.Labels).set('teleport.dev/origin', 'dynamic');
  return {
    ...preference,
    Kind: 'cluster_auth_preference',
    Version: 'v2',
    Metadata: { ...metadata, Labels },
    Spec: checkSpec(preference.Spec ?? AuthPreferenceSpecV2.create()),
  };
}

function checkSpec(given: AuthPreferenceSpecV2): AuthPreferenceSpecV2 {
  const Type = given.Type || 'local';
  if (!TYPES.includes(Type)) throw badParameter(`authentication type ${quoted(Type)} not supported`);
  if (given.SecondFactor !== '' && given.SecondFactors.length > 0) {
    throw badParameter('must set either SecondFactor or SecondFactors, not both');
  }
  const spec = { ...given, Type, SecondFactor: secondFactor(given) };
  const factors = secondFactorsOf(spec);
  const hasWebauthn = factors.includes(WEBAUTHN);
  const Webauthn = hasWebauthn ? webauthn(spec) : spec.Webauthn;
  if (!hasWebauthn && spec.AllowPasswordless?.Value) {
    throw badParameter('missing required Webauthn configuration for passwordless=true');
  }
  if (!hasWebauthn && spec.AllowHeadless?.Value) {
    throw badParameter('missing required Webauthn configuration for headless=true');
  }
  const AllowLocalAuth = spec.AllowLocalAuth ?? { Value: true };
  const isEnforced = factors.length > 0 && spec.SecondFactor !== 'optional';
  if (AllowLocalAuth.Value && isEnforced && !hasWebauthn && !factors.includes(OTP)) {
    throw badParameter('missing a local second factor method for local users (otp, webauthn)');
  }
  const AllowPasswordless = spec.AllowPasswordless ?? { Value: hasWebauthn };
  const AllowHeadless = spec.AllowHeadless ?? { Value: hasWebauthn };
  if (Type === 'local') {
    checkConnector(spec.ConnectorName, { passwordless: AllowPasswordless.Value, headless: AllowHeadless.Value });
  }
  const LockingMode = spec.LockingMode || 'best_effort';
  if (!['best_effort', 'strict'].includes(LockingMode)) {
    throw badParameter(`locking mode ${quoted(LockingMode)} not supported`);
  }
  const trust = spec.DeviceTrust?.Mode ?? '';
  if (!['', 'off', 'optional', 'required'].includes(trust)) {
    throw badParameter(`device trust mode ${quoted(trust)} not supported`);
  }
  return {
    ...spec,
    Webauthn,
    AllowLocalAuth,
    AllowPasswordless,
    AllowHeadless,
    LockingMode,
    DisconnectExpiredCert: spec.DisconnectExpiredCert ?? { Value: false },
    IDP: { ...spec.IDP, SAML: { ...spec.IDP?.SAML, Enabled: spec.IDP?.SAML?.Enabled ?? { Value: true } } },
    DefaultSessionTTL: spec.DefaultSessionTTL || 12n * HOUR_NANOSECONDS,
    Okta: spec.Okta ?? AuthPreferenceSpecV2.fromPartial({ Okta: {} }).Okta,
  };
}

function secondFactor({ SecondFactor, SecondFactors }: AuthPreferenceSpecV2): string {
  if (SecondFactor === '') return SecondFactors.length === 0 ? 'otp' : '';
  if (!OLDER_FACTORS.has(SecondFactor)) {
    throw badParameter(`second factor type ${quoted(SecondFactor)} not supported`);
  }
  return SecondFactor === 'u2f' ? 'webauthn' : SecondFactor;
}

/** What webauthn needs to know, taken over from what its forerunner knew where there is nothing else. */
function webauthn({ Webauthn, U2F }: AuthPreferenceSpecV2): NonNullable<AuthPreferenceSpecV2['Webauthn']> {
  if (U2F && U2F.AppID === '') throw badParameter('u2f configuration missing app_id');
  if (!Webauthn && !U2F) throw badParameter('missing required webauthn configuration');
  const known = Webauthn ?? { RPID: '', AttestationAllowedCAs: [], AttestationDeniedCAs: [] };
  if (known.RPID !== '') return known;
  if (!U2F) throw badParameter('webauthn configuration missing rp_id');
  const RPID = URL.canParse(U2F.AppID) ? new URL(U2F.AppID).hostname : U2F.AppID;
  return { ...known, RPID };
}

function checkConnector(name: string, allowed: Readonly<Record<string, boolean>>): void {
  if (!LOCAL_CONNECTORS.includes(name)) throw badParameter(`invalid local connector ${quoted(name)}`);
  if (allowed[name] === false) {
    throw badParameter(`invalid local connector ${quoted(name)}, ${name} not allowed by cluster settings`);
  }
}
