import { checkAuthPreference, secondFactorsOf } from '../auth-preference/checks.ts';
import { msFromNanoseconds, nanosecondsFromMs } from '../duration.ts';
import { type EnumText, enumTexts } from '../enum-text.ts';
import { AuthPreferenceSpecV2, AuthPreferenceV2 } from '../gen/teleport/types/auth_preference.ts';
import { RequireMFAType, SecondFactorType } from '../gen/teleport/types/mfa_policy.ts';
import type { BoolValue } from '../gen/teleport/types/resource.ts';
import { SignatureAlgorithmSuite } from '../gen/teleport/types/signature_algorithm_suite.ts';
import { type SignatureSuite, signatureSuiteNumber } from '../signature-suites.ts';
import { metadataFrom, type ResourceFields, type ResourceView, resourceView } from './resource.ts';

const MFA = enumTexts('requireSessionMfa', RequireMFAType, '');
const SECOND_FACTOR = enumTexts('secondFactors', SecondFactorType, 'SECOND_FACTOR_TYPE_');
const SUITE = enumTexts('signatureAlgorithmSuite', SignatureAlgorithmSuite, 'SIGNATURE_ALGORITHM_SUITE_');

/** How people log in, and which keys are made. There is one for each cluster. */
export interface AuthPreference extends ResourceView<AuthPreferenceV2> {
  /** `local`, `github`, `oidc` or `saml`. */
  readonly type: string;
  /** By which a login may be proved, also where the cluster says it in the older way. */
  readonly secondFactors: readonly EnumText<typeof SecondFactorType, 'SECOND_FACTOR_TYPE_'>[];
  readonly connectorName: string;
  readonly allowLocalAuth: boolean | undefined;
  readonly allowPasswordless: boolean | undefined;
  readonly allowHeadless: boolean | undefined;
  readonly disconnectExpiredCert: boolean | undefined;
  readonly messageOfTheDay: string;
  /** `best_effort` or `strict`: what to do when locks are not known. */
  readonly lockingMode: string;
  readonly requireSessionMfa: EnumText<typeof RequireMFAType, ''>;
  /** The domain that webauthn devices are for; empty without webauthn. */
  readonly webauthnRpId: string;
  /** `off`, `optional`, `required`, or empty. */
  readonly deviceTrustMode: string;
  /** How long a login lasts, in milliseconds. */
  readonly defaultSessionTtlMs: number;
  /** `unspecified` is `legacy`. */
  readonly signatureAlgorithmSuite: SignatureSuite | 'unspecified' | `unknown:${number}`;
}

/** What {@link newAuthPreference} makes a preference of. */
export interface AuthPreferenceFields extends Omit<ResourceFields<AuthPreferenceV2>, 'name' | 'expires'> {
  readonly type?: string;
  readonly secondFactors?: AuthPreference['secondFactors'];
  readonly connectorName?: string;
  readonly allowLocalAuth?: boolean | undefined;
  readonly allowPasswordless?: boolean | undefined;
  readonly allowHeadless?: boolean | undefined;
  readonly disconnectExpiredCert?: boolean | undefined;
  readonly messageOfTheDay?: string;
  readonly lockingMode?: string;
  readonly requireSessionMfa?: AuthPreference['requireSessionMfa'];
  readonly webauthnRpId?: string;
  readonly deviceTrustMode?: string;
  readonly defaultSessionTtlMs?: number;
  readonly signatureAlgorithmSuite?: AuthPreference['signatureAlgorithmSuite'];
}

/** A preference as its message says it. */
export function authPreferenceView(message: AuthPreferenceV2): AuthPreference {
  const spec = message.Spec ?? AuthPreferenceSpecV2.create();
  return {
    ...resourceView(message),
    type: spec.Type,
    secondFactors: secondFactorsOf(spec).map((factor) => SECOND_FACTOR.textOf(factor)),
    connectorName: spec.ConnectorName,
    allowLocalAuth: spec.AllowLocalAuth?.Value,
    allowPasswordless: spec.AllowPasswordless?.Value,
    allowHeadless: spec.AllowHeadless?.Value,
    disconnectExpiredCert: spec.DisconnectExpiredCert?.Value,
    messageOfTheDay: spec.MessageOfTheDay,
    lockingMode: spec.LockingMode,
    requireSessionMfa: MFA.textOf(spec.RequireMFAType),
    webauthnRpId: spec.Webauthn?.RPID ?? '',
    deviceTrustMode: spec.DeviceTrust?.Mode ?? '',
    defaultSessionTtlMs: msFromNanoseconds(spec.DefaultSessionTTL),
    signatureAlgorithmSuite: suiteText(spec.signatureAlgorithmSuite),
  };
}

const suiteText = (suite: number): AuthPreference['signatureAlgorithmSuite'] =>
  SUITE.textOf(suite).replaceAll('_', '-') as AuthPreference['signatureAlgorithmSuite'];

/**
 * A preference, checked and with its defaults. For a change of what a cluster has, spread its view.
 *
 * @throws TeleportError `bad_parameter`, naming the field
 * @example
 * newAuthPreference({ ...(await getAuthPreference(client)), messageOfTheDay: 'mind the step' });
 */
export function newAuthPreference(fields: AuthPreferenceFields): AuthPreferenceV2 {
  const before = fields.raw ?? AuthPreferenceV2.create();
  const spec = before.Spec ?? AuthPreferenceSpecV2.create();
  const now = { ...authPreferenceView(before), ...fields };
  return checkAndSetDefaults({
    ...before,
    Metadata: metadataFrom({ ...fields, name: 'cluster-auth-preference' }),
    Spec: {
      ...spec,
      Type: now.type,
      ...secondFactorFields(spec, now.secondFactors),
      ConnectorName: now.connectorName,
      AllowLocalAuth: optional(now.allowLocalAuth, spec.AllowLocalAuth),
      AllowPasswordless: optional(now.allowPasswordless, spec.AllowPasswordless),
      AllowHeadless: optional(now.allowHeadless, spec.AllowHeadless),
      DisconnectExpiredCert: optional(now.disconnectExpiredCert, spec.DisconnectExpiredCert),
      MessageOfTheDay: now.messageOfTheDay,
      LockingMode: now.lockingMode,
      RequireMFAType: MFA.numberOf(now.requireSessionMfa) as RequireMFAType,
      Webauthn:
        now.webauthnRpId === (spec.Webauthn?.RPID ?? '')
          ? spec.Webauthn
          : { AttestationAllowedCAs: [], AttestationDeniedCAs: [], ...spec.Webauthn, RPID: now.webauthnRpId },
      DeviceTrust:
        now.deviceTrustMode === (spec.DeviceTrust?.Mode ?? '')
          ? spec.DeviceTrust
          : { AutoEnroll: false, EKCertAllowedCAs: [], ...spec.DeviceTrust, Mode: now.deviceTrustMode },
      DefaultSessionTTL: nanosecondsFromMs(now.defaultSessionTtlMs),
      signatureAlgorithmSuite: suiteNumber(now.signatureAlgorithmSuite) as SignatureAlgorithmSuite,
    },
  });
}

/** The older field stays where nothing changes: only one of both may be set. */
function secondFactorFields(
  spec: AuthPreferenceSpecV2,
  texts: AuthPreference['secondFactors'],
): Pick<AuthPreferenceSpecV2, 'SecondFactor' | 'SecondFactors'> {
  const factors = texts.map((text) => SECOND_FACTOR.numberOf(text) as SecondFactorType);
  const before = secondFactorsOf(spec);
  const isSame = factors.length === before.length && factors.every((factor, at) => factor === before[at]);
  return isSame
    ? { SecondFactor: spec.SecondFactor, SecondFactors: spec.SecondFactors }
    : { SecondFactor: '', SecondFactors: factors };
}

function suiteNumber(text: AuthPreference['signatureAlgorithmSuite']): number {
  if (text === 'unspecified') return 0;
  const unknown = /^unknown:(\d+)$/.exec(text)?.[1];
  return unknown === undefined ? signatureSuiteNumber(text as SignatureSuite) : Number(unknown);
}

/** A message of the same value stays as it is. */
const optional = (value: boolean | undefined, before?: BoolValue): BoolValue | undefined =>
  value === undefined ? undefined : before?.Value === value ? before : { Value: value };

/**
 * What holds for any preference, whichever cluster it is for, with the defaults that the basic part of a cluster fills
 * in. Whether the edition of a cluster has what is asked for, it decides itself.
 *
 * @throws TeleportError `bad_parameter`, with the texts of a Teleport 18
 */
export function checkAndSetDefaults(preference: AuthPreferenceV2): AuthPreferenceV2 {
  return checkAuthPreference(preference);
}
