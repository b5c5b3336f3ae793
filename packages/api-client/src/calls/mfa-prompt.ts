import type {
  MFAAuthenticateChallenge,
  MFAAuthenticateResponse,
} from '@teleport-ts/api-types/proto/teleport/proto/mfa';

/**
 * What a person answered: `{ $case: 'Webauthn', value: … }`, `{ $case: 'TOTP', value: { Code: '123456' } }` or
 * `{ $case: 'SSO', value: … }`.
 */
export type MfaAnswer = NonNullable<Parameters<typeof MFAAuthenticateResponse.fromPartial>[0]['Response']>;

/** What the prompt is for. */
export interface MfaPromptContext {
  /** The call that wants it, `/proto.AuthService/CreateToken`. */
  readonly rpc: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * Lets a person answer a challenge of a second factor; called once for each call that wants one, one at a time. What it
 * throws is what the call rejects with.
 *
 * ```ts
 * const mfa: MfaPrompt = async ({ WebauthnChallenge }, { rpc }) => {
 *   console.error(`${rpc} needs your security key`);
 *   return { $case: 'Webauthn', value: await touchSecurityKey(WebauthnChallenge) };
 * };
 * ```
 */
export type MfaPrompt = (challenge: MFAAuthenticateChallenge, context: MfaPromptContext) => Promise<MfaAnswer>;
