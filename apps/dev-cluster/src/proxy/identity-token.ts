import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { TlsIdentity } from '@teleport-ts/api-types';
import type { ClusterContext } from '../cluster-context.ts';
import { jsonCodec } from '../store/codec.ts';

/** Tells applications who calls: a JSON Web Token (RFC 7519), signed with ES256, in `teleport-jwt-assertion`. */
export class IdentityTokens {
  readonly #key: KeyObject;
  readonly #context: ClusterContext;
  readonly #keyId: string;

  constructor(context: ClusterContext) {
    this.#context = context;
    const kept = context.state.store.collection('jwt_key', { codec: jsonCodec<{ pem: string }>() });
    const pem = kept.get('jwt')?.pem;
    this.#key = pem ? createPrivateKey(pem) : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    if (!pem) kept.put('jwt', { pem: this.#key.export({ type: 'pkcs8', format: 'pem' }).toString() });
    const { x, y } = this.#publicJwk();
    this.#keyId = createHash('sha256').update(`${x}.${y}`).digest('base64url');
  }

  /** For one identity and one application, good as long as the identity's certificate. */
  issue(identity: TlsIdentity, audience: string): string {
    const now = Math.floor(this.#context.clock.now() / 1000);
    const header = { alg: 'ES256', typ: 'JWT', kid: this.#keyId };
    const claims = {
      iss: this.#context.state.name,
      sub: identity.user,
      aud: [audience],
      iat: now,
      nbf: now - 10,
      exp: Math.floor(identity.notAfter.getTime() / 1000),
      username: identity.user,
      roles: identity.roles,
      traits: identity.traits,
    };
    const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(content), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${content}.${signature.toString('base64url')}`;
  }

  /** What applications check the tokens with (RFC 7517), as at `/.well-known/jwks.json`. */
  get keySet(): object {
    return { keys: [{ ...this.#publicJwk(), alg: 'ES256', use: 'sig', kid: this.#keyId }] };
  }

  #publicJwk(): { kty?: string; crv?: string; x?: string; y?: string } {
    return createPublicKey(this.#key).export({ format: 'jwk' }) as { x?: string; y?: string };
  }
}
