import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  caPin,
  type GenericDefinition,
  type MethodName,
  type RequestOf,
  type ResponseInput,
  toMethodDefinition,
} from '@teleport-ts/api-types';
import { BotInstanceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Event, Operation, type Watch } from '@teleport-ts/api-types/proto/teleport/proto/event';
import { JoinServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/join_service';
import { UserCertsRequest } from '@teleport-ts/api-types/proto/teleport/proto/user_certs';
import { TrustServiceDefinition } from '@teleport-ts/api-types/proto/teleport/trust/v1/trust_service';
import { SignatureAlgorithmSuite } from '@teleport-ts/api-types/proto/teleport/types/signature_algorithm_suite';
import type { WatchKind } from '@teleport-ts/api-types/proto/teleport/types/watch';
import { issueHostTlsCertificate } from '@teleport-ts/dev-cluster/testing';
import type { Run } from '../process/helper.ts';
import { APPLICATION, BOT, DATABASE, ROLE } from './names.ts';
import { type CertsInput, StubAuthority } from './stub-authority.ts';

/** Where the stub listens, and what it takes to call it. */
export interface StubReady {
  readonly address: string;
  readonly caPin: string;
  /** Certificate of a client of the stub, with its key, and the authority of the stub's own; PEM. */
  readonly client: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** `certs`: the bytes of the last request for an application's certificate. */
export type StubQuestion = 'last-certs-request';

/**
 * An auth service that answers one bot from memory: what is measured stands in front of it. It takes part in TLS as the
 * real one does, asking for a client certificate and living with none, and then believes whoever calls.
 */
export const run: Run<void, StubReady, StubQuestion, Buffer | undefined> = async () => {
  const authority = await StubAuthority.create();
  const hostKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const hostCert = issueHostTlsCertificate(authority.host, { publicKey: hostKey, hostId: 'stub', role: 'Auth' });
  const server = new Server();
  const method = <D extends GenericDefinition, N extends MethodName<D>>(
    definition: D,
    name: N,
    handler: (request: RequestOf<D['methods'][N]>) => ResponseInput<D['methods'][N]>,
  ): void => {
    const shape = toMethodDefinition(definition, name);
    const { responseType } = definition.methods[name] as GenericDefinition['methods'][string];
    const answerOf = (request: unknown): unknown =>
      responseType.fromPartial(handler(request as RequestOf<D['methods'][N]>));
    server.register(
      shape.path,
      (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => answer(null, answerOf(call.request)),
      shape.responseSerialize as (message: unknown) => Buffer,
      shape.requestDeserialize,
      'unary',
    );
  };

  const ping = {
    signatureAlgorithmSuite: SignatureAlgorithmSuite.SIGNATURE_ALGORITHM_SUITE_BALANCED_V1,
    ClusterName: authority.cluster,
    ServerVersion: '18.0.0',
    ProxyPublicAddr: 'proxy.example:443',
  } as const;
  method(AuthServiceDefinition, 'ping', () => ping);
  method(AuthServiceDefinition, 'getClusterCACert', () => ({ TLSCA: Buffer.from(authority.host.tls.certificate) }));
  method(AuthServiceDefinition, 'getRole', () => ({
    Metadata: { Name: `bot-${BOT}` },
    Spec: { Allow: { Impersonate: { Roles: [ROLE] } } },
  }));
  const app = { Metadata: { Name: APPLICATION }, Spec: { PublicAddr: `${APPLICATION}.example` } };
  const appServer = { Metadata: { Name: APPLICATION }, Spec: { App: app } };
  const database = { Metadata: { Name: DATABASE }, Spec: { Protocol: 'postgres', URI: 'localhost:5432' } };
  const databaseServer = { Metadata: { Name: DATABASE }, Spec: { Database: database } };
  method(AuthServiceDefinition, 'listResources', ({ ResourceType }) => ({
    Resources: [
      ResourceType === 'db_server'
        ? { resource: { $case: 'DatabaseServer' as const, value: databaseServer } }
        : { resource: { $case: 'AppServer' as const, value: appServer } },
    ],
  }));
  method(JoinServiceDefinition, 'registerUsingToken', ({ PublicTLSKey, PublicSSHKey }) =>
    authority.ownCerts({ tls: PublicTLSKey, ssh: PublicSSHKey }),
  );
  method(TrustServiceDefinition, 'getCertAuthorities', ({ type }) => authority.resources(type));
  method(BotInstanceServiceDefinition, 'submitHeartbeat', () => ({}));

  // The one call that counts: bytes in, bytes out, made once for each pair of keys.
  const certs = toMethodDefinition(AuthServiceDefinition, 'generateUserCerts');
  const made = new Map<string, Buffer>();
  const encode = (answer: CertsInput): Buffer =>
    certs.responseSerialize(AuthServiceDefinition.methods.generateUserCerts.responseType.fromPartial(answer));
  let lastRequest: Buffer | undefined;
  server.register(
    certs.path,
    (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      const request = UserCertsRequest.decode(call.request);
      const keys = { tls: request.TLSPublicKey, ssh: request.SSHPublicKey };
      if (!request.UseRoleRequests) return answer(null, encode(authority.ownCerts(keys)));
      if (request.RouteToApp) lastRequest = call.request;
      const known = `${request.RouteToApp?.Name} ${keys.tls.toString('latin1')} ${keys.ssh.toString('latin1')}`;
      let response = made.get(known);
      if (!response) {
        response = encode(authority.impersonatedCerts(keys, request));
        // Pairs that the agent makes come once.
        if (!request.RouteToDatabase) made.set(known, response);
      }
      answer(null, response);
    },
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => bytes,
    'unary',
  );

  // A watch of roles alone sees as many changes as anybody reads: the same bytes again and again. On others nothing happens.
  const watching = toMethodDefinition(AuthServiceDefinition, 'watchEvents');
  const init = (Kinds: WatchKind[]): Buffer =>
    watching.responseSerialize(
      Event.fromPartial({ Type: Operation.INIT, Resource: { $case: 'WatchStatus', value: { Spec: { Kinds } } } }),
    );
  const change = watching.responseSerialize(Event.fromPartial(roleChange));
  server.register(
    watching.path,
    (call: ServerWritableStream<Watch, Buffer>) => {
      const kinds = call.request.Kinds;
      call.write(init(kinds));
      if (kinds.length !== 1 || kinds[0]?.Kind !== 'role') return;
      const send = (): void => {
        while (!call.cancelled && call.write(change));
      };
      call.on('drain', send);
      send();
    },
    (bytes: Buffer) => bytes,
    watching.requestDeserialize,
    'serverStream',
  );

  const clientCas = [authority.user.tls.certificate, authority.host.tls.certificate].join('');
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = new OptionalClientCertificate(clientCas, hostCert, pem(hostKey));
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    ready: {
      address: `127.0.0.1:${port}`,
      caPin: caPin(authority.host.tls.certificate),
      client: { ...authority.client(), ca: authority.host.tls.certificate },
    },
    answer: () => lastRequest,
  };
};

/** A role of a usual size. */
const roleChange = {
  Type: Operation.PUT,
  Resource: {
    $case: 'Role' as const,
    value: {
      Kind: 'role',
      Version: 'v8',
      Metadata: {
        Name: 'deployer',
        Labels: new Map([['team', 'platform']]),
        Revision: 'b5c1b0c5-6a4e-4d6a-9d3c-6f1f0c7e4a11',
      },
      Spec: {
        Allow: {
          Logins: ['root', 'deploy'],
          Rules: [
            { Resources: ['role', 'user', 'token'], Verbs: ['list', 'read', 'create', 'update', 'delete'] },
            { Resources: ['access_request'], Verbs: ['list', 'read'] },
          ],
        },
      },
    },
  },
};

/** grpc-js's own TLS, asking for a certificate and taking callers without one, who are about to join. */
class OptionalClientCertificate extends ServerCredentials {
  constructor(ca: string, cert: string, key: string) {
    super({ requestCert: true, rejectUnauthorized: false }, { ca, cert, key });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
