import { generateKeyPairSync } from 'node:crypto';
import { parseTlsIdentity, type RequestInput, sshPublicKeyLine, type TlsIdentity } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { Certs } from '@teleport-ts/api-types/proto/teleport/proto/certs';
import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import type { Clock } from '../clock.ts';
import type { DevCluster } from '../dev-cluster.ts';
import { toTimestamp } from '../timestamps.ts';
import { WireClient, type WireCredentials } from './wire-client.ts';

/** A P-256 key in the forms that requests take. */
export interface WireKey {
  readonly key: string;
  readonly tlsPublicKey: Buffer;
  readonly sshPublicKey: Buffer;
}

export function wireKey(): WireKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    tlsPublicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
    sshPublicKey: Buffer.from(sshPublicKeyLine(publicKey)),
  };
}

type CertsRequest = RequestInput<(typeof AuthServiceDefinition)['methods']['generateUserCerts']>;

/** An answer of the auth service together with the key that it is for. */
export interface Issued extends WireCredentials {
  readonly certs: Certs;
  readonly identity: TlsIdentity;
}

/** A bot that has joined and calls by the bare protocol. */
export class WireBot {
  readonly client: WireClient;
  readonly own: Issued;
  readonly userName: string;
  readonly #clock: Clock;
  readonly #address: string;

  private constructor(address: string, clock: Clock, ca: string, own: Issued) {
    this.own = own;
    this.userName = own.identity.user;
    this.#clock = clock;
    this.#address = address;
    this.client = new WireClient({ address, ca, identity: own });
  }

  static async join(cluster: DevCluster, token: string): Promise<WireBot> {
    using anonymous = anonymousClient(cluster);
    const keys = wireKey();
    const certs = await anonymous.call(JoinServiceDefinition, 'registerUsingToken', {
      Token: token,
      Role: 'Bot',
      NodeName: 'node-1',
      PublicTLSKey: keys.tlsPublicKey,
      PublicSSHKey: keys.sshPublicKey,
    });
    return new WireBot(cluster.authAddress, cluster.clock, anonymous.ca, issued(certs, keys.key));
  }

  /** The same bot with other credentials. */
  as(credentials: Issued): WireBot {
    return new WireBot(this.#address, this.#clock, this.client.ca, credentials);
  }

  /** `GenerateUserCerts` for the bot itself, one hour unless said otherwise. */
  async issue(request: CertsRequest = {}): Promise<Issued> {
    const keys = wireKey();
    const certs = await this.client.call(AuthServiceDefinition, 'generateUserCerts', {
      Username: this.userName,
      Expires: toTimestamp(this.#clock.now() + 3_600_000),
      TLSPublicKey: keys.tlsPublicKey,
      SSHPublicKey: keys.sshPublicKey,
      ...request,
    } as CertsRequest);
    return issued(certs, keys.key);
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}

/** A client without a certificate that trusts the cluster. */
export function anonymousClient(cluster: DevCluster, metadata?: Readonly<Record<string, string>>): WireClient {
  return new WireClient({
    address: cluster.authAddress,
    ca: cluster.hostCaPems.join(''),
    ...(metadata && { metadata }),
  });
}

/** A client with the credentials of a user. */
export async function userClient(cluster: DevCluster, user: string): Promise<WireClient> {
  const { key, cert, cas } = await cluster.issueUserCredentials({ user });
  return new WireClient({ address: cluster.authAddress, ca: cas.join(''), identity: { key, cert } });
}

function issued(certs: Certs, key: string): Issued {
  const cert = certs.TLS.toString();
  return { certs, key, cert, identity: parseTlsIdentity(cert) };
}
