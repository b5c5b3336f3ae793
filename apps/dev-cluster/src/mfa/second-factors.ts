import { type KeyObject, randomBytes } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { CredentialAssertionResponse } from '@teleport-ts/api-types/proto/teleport/webauthn/webauthn';
import type { Caller } from '../access/caller.ts';
import { accessDenied } from '../errors.ts';
import { isAdminAction } from './admin-actions.ts';
import { isAssertion, SecurityKey } from './security-key.ts';

const ANSWER_HEADER = 'mfa_challenge_response';

interface Enrolled {
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

/**
 * Who must show a second factor, and whether what was shown is one. Nobody must, until the first key is enrolled: then it
 * is as in a cluster whose only second factor is WebAuthn.
 */
export class SecondFactors {
  readonly rpId: string;
  readonly #keys = new Map<string, Enrolled[]>();
  readonly #challenges = new Map<string, string>();

  constructor(rpId: string) {
    this.rpId = rpId;
  }

  get isRequired(): boolean {
    return this.#keys.size > 0;
  }

  enrol(user: string): SecurityKey {
    const key = new SecurityKey();
    const { id, publicKey } = key;
    this.#keys.set(user, [...(this.#keys.get(user) ?? []), { id, publicKey }]);
    return key;
  }

  /** A challenge for a user, good for one answer; undefined for one without a key. */
  challenge(user: string): { challenge: Buffer; ids: readonly Buffer[] } | undefined {
    const keys = this.#keys.get(user);
    if (!keys) return undefined;
    const challenge = randomBytes(32);
    this.#challenges.set(challenge.toString('base64url'), user);
    return { challenge, ids: keys.map(({ id }) => id) };
  }

  /** Whether somebody would have to show one: bots, whoever a bot impersonates, and the cluster's own parts need not. */
  isRequiredOf({ identity, systemRole }: Caller): boolean {
    if (!this.isRequired || !identity || systemRole !== undefined) return false;
    return identity.botName === undefined && !identity.impersonator?.startsWith('bot-');
  }

  /** @throws TeleportError `access_denied` for an administrative call without a good answer */
  check(method: string, caller: Caller, metadata: Metadata): void {
    if (!isAdminAction(method) || !this.isRequiredOf(caller)) return;
    const [answer] = metadata.get(ANSWER_HEADER);
    if (answer === undefined) throw accessDenied('admin-level API request requires MFA verification');
    if (!this.#isGood(caller.user, answer.toString())) throw accessDenied();
  }

  #isGood(user: string, header: string): boolean {
    const response = readAnswer(header);
    if (!response?.response) return false;
    const challenge = challengeIn(response);
    if (challenge === undefined || this.#challenges.get(challenge) !== user) return false;
    this.#challenges.delete(challenge);
    const { rpId } = this;
    return (this.#keys.get(user) ?? []).some((key) => isAssertion(response, { ...key, challenge, rpId }));
  }
}

function challengeIn({ response }: Pick<CredentialAssertionResponse, 'response'>): string | undefined {
  try {
    return (JSON.parse(response?.clientDataJson.toString() ?? '') as { challenge?: string }).challenge;
  } catch {
    return undefined;
  }
}

/** Base64 of the JSON form of `MFAAuthenticateResponse`. */
function readAnswer(header: string): Pick<CredentialAssertionResponse, 'rawId' | 'response'> | undefined {
  try {
    const { Webauthn } = JSON.parse(Buffer.from(header, 'base64').toString()) as {
      Webauthn: { rawId: string; response: Record<string, string> };
    };
    const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
    const { clientDataJson, authenticatorData, signature, userHandle } = Webauthn.response;
    return {
      rawId: bytes(Webauthn.rawId),
      response: {
        clientDataJson: bytes(clientDataJson),
        authenticatorData: bytes(authenticatorData),
        signature: bytes(signature),
        userHandle: bytes(userHandle),
      },
    };
  } catch {
    return undefined;
  }
}
