import type { Client } from '@teleport-ts/api-client';
import { toTimestamp } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { botKeyAlgorithm } from '../keys/key-algorithm.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import { BotIdentity } from './bot-identity.ts';

/** How long the answer is waited for: giving it up may cost the bot its identity, so long. */
const ANSWER_TIMEOUT_MS = 60_000;

/** A renewal that is ready to be sent: nothing is left that can fail before the server counts it. */
export interface PreparedRenewal {
  /** Sends it. From here on the identity that it was made for can be used up on the server, whatever comes back. */
  send(): Promise<BotIdentity>;
}

/**
 * Prepares the successor of `identity`: a new key of the cluster's suite. `client` must be a connection with exactly that
 * identity, since the server takes the generation from the connection's certificate and counts it.
 */
export async function prepareRenewal(client: Client, identity: BotIdentity, expires: Date): Promise<PreparedRenewal> {
  const auth = client.service(AuthServiceDefinition);
  const { signatureAlgorithmSuite } = await auth.ping({});
  const keys = await generateKeyPair(botKeyAlgorithm(signatureAlgorithmSuite));
  return {
    async send() {
      // The bot itself, two keys and an end: every further field is one more reason for the server to fail after counting.
      const certs = await auth.generateUserCerts(
        {
          Username: identity.tls.user,
          Expires: toTimestamp(expires),
          TLSPublicKey: Buffer.from(keys.tlsPublicKey),
          SSHPublicKey: Buffer.from(keys.sshPublicKey),
        },
        // Whoever sends it twice locks the bot, however the client is set up.
        { timeoutMs: ANSWER_TIMEOUT_MS, retry: false },
      );
      const texts = (list: readonly Buffer[], old: readonly string[]): readonly string[] =>
        list.length > 0 ? list.map((item) => item.toString('utf8')) : old;
      return BotIdentity.create({
        privateKey: keys.privateKey,
        tlsCertificate: certs.TLS.toString('utf8'),
        sshCertificate: certs.SSH.toString('utf8').trim(),
        tlsAuthorities: texts(certs.TLSCACerts, identity.tlsAuthorities),
        sshAuthorities: texts(certs.SSHCACerts, identity.sshAuthorities),
        tokenHash: identity.tokenHash,
      });
    },
  };
}
