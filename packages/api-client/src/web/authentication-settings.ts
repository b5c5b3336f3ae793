import { parseGoDuration } from '@teleport-ts/api-types';
import { count, type Json, object, text, withoutUndefined } from './json-fields.ts';

/** How users of a cluster log in, as `ping` tells it. */
export interface AuthenticationSettings {
  /** `local`, `oidc`, `saml`, `github`. */
  readonly type: string;
  /** `otp`, `webauthn`, `on`, `optional`, `off`, … */
  readonly secondFactor?: string;
  /** The second factor to offer first. */
  readonly preferredLocalMfa?: string;
  readonly allowPasswordless: boolean;
  readonly allowHeadless: boolean;
  /** Logging in with a password. */
  readonly local?: { readonly name: string };
  readonly webauthn?: { readonly rpId: string };
  readonly oidc?: ConnectorSettings & { readonly issuerUrl?: string };
  readonly saml?: ConnectorSettings & { readonly ssoUrl?: string; readonly singleLogoutEnabled: boolean };
  readonly github?: ConnectorSettings & { readonly endpointUrl?: string };
  /** What users' private keys must be: `none`, `hardware_key`, `hardware_key_touch`, … */
  readonly privateKeyPolicy?: string;
  readonly pivSlot?: string;
  readonly pivPinCacheTtlMs?: number;
  readonly deviceTrust: { readonly disabled: boolean; readonly autoEnroll: boolean };
  /** Users are to be shown a text, and to confirm it, before they log in. */
  readonly hasMessageOfTheDay: boolean;
  /** Clients are to load the authorities of all clusters. */
  readonly loadAllCas: boolean;
  /** How long a login lasts when nothing else is asked for. */
  readonly defaultSessionTtlMs?: number;
}

/** A way to log in by another service. */
export interface ConnectorSettings {
  readonly name: string;
  /** What to call it. */
  readonly display: string;
}

/** Reads `auth` of an answer to `/webapi/ping`. */
export function authenticationSettings(auth: Json): AuthenticationSettings {
  const connector = (value: unknown): ConnectorSettings | undefined =>
    value === undefined || value === null
      ? undefined
      : { name: text(object(value).name) ?? '', display: text(object(value).display) ?? '' };
  const [oidc, saml, github] = [connector(auth.oidc), connector(auth.saml), connector(auth.github)];
  const [local, rpId] = [auth.local, text(object(auth.webauthn).rp_id)];
  const pinCacheNs = count(auth.piv_pin_cache_ttl);
  return withoutUndefined({
    type: text(auth.type) ?? 'local',
    secondFactor: text(auth.second_factor),
    preferredLocalMfa: text(auth.preferred_local_mfa),
    allowPasswordless: auth.allow_passwordless === true,
    allowHeadless: auth.allow_headless === true,
    local: local === undefined || local === null ? undefined : { name: text(object(local).name) ?? '' },
    webauthn: rpId === undefined ? undefined : { rpId },
    // The addresses stand under the names that Go gives them.
    oidc: oidc && withoutUndefined({ ...oidc, issuerUrl: text(object(auth.oidc).IssuerURL) }),
    saml:
      saml &&
      withoutUndefined({
        ...saml,
        ssoUrl: text(object(auth.saml).SSO),
        singleLogoutEnabled: object(auth.saml).singleLogoutEnabled === true,
      }),
    github: github && withoutUndefined({ ...github, endpointUrl: text(object(auth.github).EndpointURL) }),
    privateKeyPolicy: text(auth.private_key_policy),
    pivSlot: text(auth.piv_slot),
    pivPinCacheTtlMs: pinCacheNs === undefined ? undefined : pinCacheNs / 1_000_000,
    deviceTrust: {
      disabled: object(auth.device_trust).disabled === true,
      autoEnroll: object(auth.device_trust).auto_enroll === true,
    },
    hasMessageOfTheDay: auth.has_motd === true,
    loadAllCas: auth.load_all_cas === true,
    defaultSessionTtlMs: durationMs(text(auth.default_session_ttl)),
  });
}

const SUITE_PREFIX = 'SIGNATURE_ALGORITHM_SUITE_';

/** `balanced-v1`; older proxies write `SIGNATURE_ALGORITHM_SUITE_BALANCED_V1`. */
export function signatureSuite(value: unknown): string | undefined {
  const suite = text(value);
  if (!suite?.startsWith(SUITE_PREFIX)) return suite;
  const name = suite.slice(SUITE_PREFIX.length);
  return name === 'UNSPECIFIED' ? undefined : name.toLowerCase().replaceAll('_', '-');
}

function durationMs(duration: string | undefined): number | undefined {
  try {
    return duration === undefined ? undefined : parseGoDuration(duration);
  } catch {
    return undefined;
  }
}
