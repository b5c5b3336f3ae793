import { createHash, createPublicKey, createSign, createVerify, type KeyObject, randomBytes } from 'node:crypto';
import { newPrivateKeySync } from '@teleport-ts/api-types';
import type {
  CredentialAssertion,
  CredentialAssertionResponse,
} from '@teleport-ts/api-types/proto/teleport/webauthn/webauthn';

const USER_PRESENT = 0x01;
const HAS_CREDENTIAL = 0x40;

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();

/** A security key in software (WebAuthn level 2, ES256), for tests: it is always touched. */
export class SecurityKey {
  readonly id: Buffer = randomBytes(32);
  readonly #key: KeyObject;
  #counter = 0;

  constructor() {
    this.#key = newPrivateKeySync('ecdsa-p256');
  }

  get publicKey(): KeyObject {
    return createPublicKey(this.#key);
  }

  /** Answers a challenge, as `MFAAuthenticateResponse` carries it. */
  assert({ publicKey }: CredentialAssertion): CredentialAssertionResponse {
    const { challenge, rpId } = publicKey ?? { challenge: Buffer.alloc(0), rpId: '' };
    const clientDataJson = this.#clientData('webauthn.get', challenge, rpId);
    const authenticatorData = Buffer.concat([sha256(rpId), this.#flagsAndCounter(USER_PRESENT)]);
    const signature = createSign('sha256')
      .update(Buffer.concat([authenticatorData, sha256(clientDataJson)]))
      .sign(this.#key);
    return {
      type: 'public-key',
      rawId: this.id,
      response: { clientDataJson, authenticatorData, signature, userHandle: Buffer.alloc(0) },
      extensions: undefined,
    };
  }

  /** Answers a challenge for enrolment: the client data, and an attestation of format `none` as CBOR. */
  attest(challenge: Uint8Array, rpId: string): { clientDataJson: Buffer; attestationObject: Buffer } {
    const { x = '', y = '' } = this.publicKey.export({ format: 'jwk' });
    const coordinate = (text: string): Buffer => Buffer.concat([hex('5820'), Buffer.from(text, 'base64url')]);
    // A map of key type 2 (EC2), algorithm -7 (ES256), curve 1 (P-256), x and y: RFC 9053.
    const coseKey = Buffer.concat([hex('a5010203262001 21'), coordinate(x), hex('22'), coordinate(y)]);
    const idLength = Buffer.from([0, this.id.length]);
    const authData = Buffer.concat([
      sha256(rpId),
      this.#flagsAndCounter(USER_PRESENT | HAS_CREDENTIAL),
      Buffer.alloc(16),
      idLength,
      this.id,
      coseKey,
    ]);
    // {"fmt": "none", "attStmt": {}, "authData": …}
    const attestationObject = Buffer.concat([
      hex('a3 63'),
      Buffer.from('fmt'),
      hex('64'),
      Buffer.from('none'),
      hex('67'),
      Buffer.from('attStmt'),
      hex('a0 68'),
      Buffer.from('authData'),
      hex('58'),
      Buffer.from([authData.length]),
      authData,
    ]);
    return { clientDataJson: this.#clientData('webauthn.create', challenge, rpId), attestationObject };
  }

  #clientData(type: string, challenge: Uint8Array, rpId: string): Buffer {
    const origin = `https://${rpId}`;
    return Buffer.from(JSON.stringify({ type, challenge: Buffer.from(challenge).toString('base64url'), origin }));
  }

  #flagsAndCounter(flags: number): Buffer {
    this.#counter += 1;
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(flags, 0);
    bytes.writeUInt32BE(this.#counter, 1);
    return bytes;
  }
}

/** Whether an answer is one to this challenge, by the holder of this key. */
export function isAssertion(
  { rawId, response }: Pick<CredentialAssertionResponse, 'rawId' | 'response'>,
  expected: { id: Uint8Array; publicKey: KeyObject; challenge: string; rpId: string },
): boolean {
  if (!response || !rawId.equals(expected.id)) return false;
  const { clientDataJson, authenticatorData, signature } = response;
  let client: { type?: unknown; challenge?: unknown };
  try {
    client = JSON.parse(clientDataJson.toString()) as typeof client;
  } catch {
    return false;
  }
  if (client.type !== 'webauthn.get' || client.challenge !== expected.challenge) return false;
  if (!authenticatorData.subarray(0, 32).equals(sha256(expected.rpId))) return false;
  const signed = Buffer.concat([authenticatorData, sha256(clientDataJson)]);
  return createVerify('sha256').update(signed).verify(expected.publicKey, signature);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
