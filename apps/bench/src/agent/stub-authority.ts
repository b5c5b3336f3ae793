import { generateKeyPairSync } from 'node:crypto';
import { fromTimestamp, type ResponseInput, sshPublicKeyLine } from '@teleport-ts/api-types';
import type { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import type { UserCertsRequest } from '@teleport-ts/api-types/proto/teleport/proto/user_certs';
import type { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import {
  type CertAuthority,
  createAuthority,
  issueSshUserCertificate,
  issueTlsCertificate,
} from '@teleport-ts/dev-cluster/testing';
import { BOT, ROLE } from './names.ts';

export type CertsInput = ResponseInput<(typeof AuthServiceDefinition)['methods']['generateUserCerts']>;
type AuthoritiesInput = ResponseInput<(typeof TrustServiceDefinition)['methods']['getCertAuthorities']>;
type Identity = Parameters<typeof issueTlsCertificate>[1]['identity'];

/** Public keys as requests carry them; empty where none is wanted. */
interface Keys {
  readonly tls: Buffer;
  readonly ssh: Buffer;
}

/** Long enough that no certificate of a run ends. */
const TTL_MS = 12 * 3_600_000;

/** The authorities of the stub's cluster, and the certificates that they issue: real ones, so that the agent parses as ever. */
export class StubAuthority {
  readonly cluster = 'root.example';
  readonly user: CertAuthority;
  readonly host: CertAuthority;
  readonly #db: CertAuthority;

  private constructor() {
    const of = (type: 'user' | 'host' | 'db'): CertAuthority =>
      createAuthority({ type, clusterName: this.cluster, clock: { now: () => Date.now() } });
    this.user = of('user');
    this.host = of('host');
    this.#db = of('db');
  }

  static async create(): Promise<StubAuthority> {
    const made = new StubAuthority();
    await Promise.all([made.user, made.host, made.#db].map((authority) => authority.prepare()));
    return made;
  }

  /** The bot's own, renewable. */
  ownCerts(keys: Keys): CertsInput {
    return this.#certs(keys, { ...ownIdentity, generation: 1, renewable: true }, [this.user, this.host]);
  }

  /** What the bot asks for in the name of a role; with a route they lead to an application or a database. */
  impersonatedCerts(
    keys: Keys,
    { RouteToApp: app, RouteToDatabase: db, Expires: expires }: UserCertsRequest,
  ): CertsInput {
    const identity: Identity = {
      ...ownIdentity,
      roles: [ROLE],
      impersonator: ownIdentity.user,
      disallowReissue: true,
      ...(app && {
        app: { name: app.Name, publicAddr: app.PublicAddr, clusterName: app.ClusterName, sessionId: 'stub' },
      }),
      ...(db && {
        database: { service: db.ServiceName, protocol: db.Protocol, user: db.Username, name: db.Database, roles: [] },
      }),
    };
    return this.#certs(keys, identity, [this.user], fromTimestamp(expires));
  }

  /** A client that may call the stub. */
  client(): { readonly cert: string; readonly key: string } {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const cert = issueTlsCertificate(this.user, { publicKey, identity: ownIdentity, notAfter: end() });
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
  }

  /** The answer to the question for authorities of a type. */
  resources(type: string): AuthoritiesInput {
    const authority = [this.user, this.host, this.#db].find((candidate) => candidate.type === type);
    if (!authority) return {};
    const SSH = authority.hasSsh ? [{ PublicKey: Buffer.from(`${authority.ssh.publicKey}\n`) }] : [];
    const TLS = [{ Cert: Buffer.from(authority.tls.certificate) }];
    return {
      certAuthoritiesV2: [
        { Metadata: { Name: this.cluster }, Spec: { Type: type, ClusterName: this.cluster, ActiveKeys: { SSH, TLS } } },
      ],
    };
  }

  #certs({ tls, ssh }: Keys, identity: Identity, authorities: readonly CertAuthority[], until = end()): CertsInput {
    const full = { ...identity, routeToCluster: this.cluster, teleportCluster: this.cluster };
    const signed = (publicKey: string): string =>
      issueTlsCertificate(this.user, { publicKey, identity: full, notAfter: until });
    const signedSsh = (publicKey: string): string =>
      issueSshUserCertificate(this.user, { publicKey, identity: full, validBefore: until });
    return {
      TLS: tls.length > 0 ? Buffer.from(signed(tls.toString())) : Buffer.alloc(0),
      SSH: ssh.length > 0 ? Buffer.from(`${signedSsh(ssh.toString())}\n`) : Buffer.alloc(0),
      TLSCACerts: authorities.map((authority) => Buffer.from(authority.tls.certificate)),
      SSHCACerts: authorities.map((authority) => Buffer.from(`${sshPublicKeyLine(authority.ssh.privateKey)}\n`)),
    };
  }
}

const end = (): Date => new Date(Date.now() + TTL_MS);

const ownIdentity = {
  user: `bot-${BOT}`,
  roles: [`bot-${BOT}`],
  logins: ['-teleport-internal-join'],
  traits: { logins: ['root'] },
  botName: BOT,
  botInstanceId: '5cf1a3b0-6f6f-4d9e-9d0c-6d2b8c1e7a10',
};
