import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { TlsIdentity } from '@teleport-ts/api-types';
import type { ClusterContext } from '../cluster-context.ts';

/**
 * Tells applications who calls: a JSON Web Token (RFC 7519) in `teleport-jwt-assertion`, signed by the cluster's `jwt`
 * authority with ES256 (RS256 under the suite `legacy`).
 */
export class IdentityTokens {
  readonly #context: ClusterContext;

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  /** For one identity and one application, good as long as the identity's certificate. */
  issue(identity: TlsIdentity, audience: string): string {
    const { authorities, clock, state } = this.#context;
    const { privateKey } = authorities.signing('jwt').jwt;
    const now = Math.floor(clock.now() / 1000);
    const header = { alg: algorithmOf(privateKey), kid: keyId(privateKey), typ: 'JWT' };
    const claims = {
      aud: audience,
      exp: Math.floor(identity.notAfter.getTime() / 1000),
      iat: now,
      iss: state.name,
      nbf: now - 10,
      roles: identity.roles,
      sub: identity.user,
      traits: identity.traits,
      username: identity.user,
    };
    const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    return `${content}.${signature.toString('base64url')}`;
  }

  /** What applications check the tokens with (RFC 7517), as at `/.well-known/jwks.json`; more than one in a rotation. */
  get keySet(): object {
    const keys = this.#context.authorities.trusted('jwt').map(({ jwt: { privateKey } }) => ({
      ...createPublicKey(privateKey).export({ format: 'jwk' }),
      alg: algorithmOf(privateKey),
      use: 'sig',
      kid: keyId(privateKey),
    }));
    return { keys };
  }
}

const isRsa = (key: KeyObject): boolean => key.asymmetricKeyType === 'rsa';
const algorithmOf = (key: KeyObject): string => (isRsa(key) ? 'RS256' : 'ES256');

/** The hash of the public key: PKIX, for RSA PKCS#1. */
function keyId(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: isRsa(key) ? 'pkcs1' : 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64url');
}
