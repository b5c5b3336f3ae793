import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:https';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { CredentialAssertionResponse } from '@teleport-ts/api-types/proto/teleport/webauthn/webauthn';
import { RealTeleport, SecurityKey, teleportBinDir } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, connect, loadIdentityFile, loadTLS, type MfaPrompt } from '../index.ts';

const PASSWORD = 'correct horse battery staple';
const RP_ID = 'localhost';

interface PublicKeyOptions {
  readonly publicKey: { readonly challenge: string };
}

describe.skipIf(!teleportBinDir())('a real cluster that wants WebAuthn of administrators', () => {
  let teleport: RealTeleport;
  const key = new SecurityKey();
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  let cert: string;
  let ca: readonly string[];

  beforeAll(async () => {
    teleport = await RealTeleport.start({ secondFactors: ['webauthn'] });
    await teleport.createRole('admin', { allow: { rules: [{ resources: ['*'], verbs: ['*'] }] } });
    const invited = await teleport.tctl(['users', 'add', 'alice', '--roles=admin', '--logins=root']);
    await enrol(/invite\/([0-9a-f]{32})/.exec(invited)?.[1] ?? '');
    ({ cert, ca } = await login());
  });

  afterAll(async () => {
    await teleport?.stop();
  });

  /** What a browser sends when an invitation is accepted. */
  async function enrol(token: string): Promise<void> {
    const { webauthn } = await web<{ webauthn: PublicKeyOptions }>('POST', `/mfa/token/${token}/registerchallenge`, {
      deviceType: 'webauthn',
      deviceUsage: 'mfa',
    });
    const challenge = Buffer.from(webauthn.publicKey.challenge, 'base64url');
    const { clientDataJson, attestationObject } = key.attest(challenge, RP_ID);
    await web('PUT', '/users/password/token', {
      token,
      password: Buffer.from(PASSWORD).toString('base64'),
      deviceName: 'key',
      webauthnCreationResponse: {
        id: key.id.toString('base64url'),
        rawId: key.id.toString('base64url'),
        type: 'public-key',
        response: {
          clientDataJSON: clientDataJson.toString('base64url'),
          attestationObject: attestationObject.toString('base64url'),
        },
      },
    });
  }

  /** What tsh sends when somebody logs in. */
  async function login(): Promise<{ cert: string; ca: readonly string[] }> {
    const begun = await web<{ webauthn_challenge: PublicKeyOptions }>('POST', '/mfa/login/begin', {
      user: 'alice',
      pass: PASSWORD,
    });
    const { rawId, response } = answer(begun.webauthn_challenge.publicKey.challenge);
    const text = (bytes: Buffer | undefined): string => bytes?.toString('base64url') ?? '';
    const finished = await web<{ tls_cert: string; host_signers: { tls_certs: string[] }[] }>(
      'POST',
      '/mfa/login/finish',
      {
        user: 'alice',
        password: PASSWORD,
        webauthn_challenge_response: {
          id: text(rawId),
          rawId: text(rawId),
          type: 'public-key',
          response: {
            clientDataJSON: text(response?.clientDataJson),
            authenticatorData: text(response?.authenticatorData),
            signature: text(response?.signature),
          },
        },
        tls_pub_key: Buffer.from(pair.publicKey).toString('base64'),
        ttl: 3_600_000_000_000,
      },
    );
    const pem = (text64: string): string => Buffer.from(text64, 'base64').toString();
    return { cert: pem(finished.tls_cert), ca: finished.host_signers.flatMap((one) => one.tls_certs.map(pem)) };
  }

  function answer(challenge: string): CredentialAssertionResponse {
    return key.assert({
      publicKey: {
        challenge: Buffer.from(challenge, 'base64url'),
        timeoutMs: 0n,
        rpId: RP_ID,
        allowCredentials: [],
        extensions: undefined,
        userVerification: '',
      },
    });
  }

  function web<T>(method: string, path: string, body: object): Promise<T> {
    const [host, port] = teleport.proxyAddress.split(':');
    return new Promise((resolve, reject) => {
      const asking = request({
        host,
        port,
        path: `/v1/webapi${path}`,
        method,
        ca: teleport.webCaPem,
        agent: false,
        headers: { 'content-type': 'application/json' },
      });
      asking.on('error', reject);
      asking.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
        });
      });
      asking.end(JSON.stringify(body));
    });
  }

  const alice = (mfa?: MfaPrompt): Promise<Client> =>
    connect({
      addresses: [teleport.authAddress],
      credentials: loadTLS({ cert, key: pair.privateKey, ca }),
      ...(mfa && { mfa }),
    });
  const getTokens = (client: Client) => client.unary(AuthServiceDefinition, 'getTokens', {});

  test('refuses without an answer, by a code of its own', async () => {
    await using client = await alice();
    await expect(getTokens(client)).rejects.toMatchObject({
      code: 'mfa_required',
      message: 'admin-level API request requires MFA verification',
      rpc: '/proto.AuthService/GetTokens',
    });
    await expect(client.unary(AuthServiceDefinition, 'getRole', { Name: 'admin' })).resolves.toBeDefined();
  });

  test('takes the answer of the prompt, each time a new one', async () => {
    const asked: string[] = [];
    await using client = await alice(async ({ WebauthnChallenge }, { rpc }) => {
      asked.push(rpc);
      return { $case: 'Webauthn', value: key.assert(WebauthnChallenge!) };
    });
    await expect(getTokens(client)).resolves.toBeDefined();
    await expect(client.unary(AuthServiceDefinition, 'deleteRole', { Name: 'nosuch' })).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(asked).toEqual(['/proto.AuthService/GetTokens', '/proto.AuthService/DeleteRole']);
  });

  test('refuses a wrong answer', async () => {
    await using client = await alice(async ({ WebauthnChallenge }) => ({
      $case: 'Webauthn',
      value: new SecurityKey().assert(WebauthnChallenge!),
    }));
    await expect(getTokens(client)).rejects.toMatchObject({ code: 'access_denied', message: 'access denied' });
  });

  test('asks nobody whom its own auth service vouches for', async () => {
    const identity = await teleport.identityFile('alice');
    await using client = await connect({ addresses: [teleport.authAddress], credentials: loadIdentityFile(identity) });
    await expect(getTokens(client)).resolves.toBeDefined();
  });
});
