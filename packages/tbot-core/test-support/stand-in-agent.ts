import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { isTeleportError, statusOf, toDurationMessage, toServiceDefinition, toTimestamp } from '@teleport-ts/api-types';
import type { CaRotation, DestinationHost, IdentityRequest } from '../src/destination-host.ts';
import {
  DescribeResponse,
  DynamicCredentialsDefinition,
  Failure,
  type GenerateIdentityRequest,
  GenerateIdentityResponse,
  GetStatusResponse,
  type Route,
  type WatchIdentityRequest,
} from '../src/gen/tbot/credentials/v1/credentials.ts';
import type { Identity } from '../src/identity.ts';
import type { IdentityRoute } from '../src/identity-route.ts';

type Reply = (error: unknown, response?: unknown) => void;

/** What it says of itself; `address` is where its bot reaches the cluster. */
type StandInDescription = Partial<DescribeResponse> & { readonly address?: string };

/** The Dynamic Credential API by another gRPC library, in front of any host: what a client of the socket talks to in tests. */
export class StandInAgent implements AsyncDisposable {
  /** Streams that are open now, and what each said that it holds, of all so far. */
  streams = 0;
  readonly knownSerials: string[] = [];
  readonly #server = new Server();

  private constructor(host: DestinationHost, { address, ...describe }: StandInDescription) {
    const handlers: Record<string, UntypedHandleCall> = {
      generateIdentity: ((call: ServerUnaryCall<GenerateIdentityRequest, unknown>, reply: Reply) => {
        const abort = new AbortController();
        call.on('cancelled', () => abort.abort());
        host.generateIdentity(requestOf(call.request), { signal: abort.signal }).then(
          (identity) => reply(null, responseOf(identity)),
          (error: unknown) => reply(failed(error)),
        );
      }) as UntypedHandleCall,
      watchIdentity: ((call: ServerWritableStream<WatchIdentityRequest, unknown>) => {
        this.knownSerials.push(call.request.knownSerial);
        const request = requestOf(call.request.request!);
        void this.#serve(
          call,
          (signal) => host.watchIdentity(request, { signal }),
          (identity) => ({
            event: { $case: 'identity', value: responseOf(identity) },
            reason: 'renewal',
          }),
        );
      }) as UntypedHandleCall,
      listenForRotation: ((call: ServerWritableStream<unknown, unknown>) => {
        void this.#serve(call, (signal) => host.listenForRotation({ signal }), rotationMessage);
      }) as UntypedHandleCall,
      describe: ((_: unknown, reply: Reply) =>
        reply(null, DescribeResponse.fromPartial(describe))) as UntypedHandleCall,
      getStatus: ((_: unknown, reply: Reply) =>
        reply(null, GetStatusResponse.fromPartial({ bot: { address: address ?? '' } }))) as UntypedHandleCall,
    };
    this.#server.addService(toServiceDefinition(DynamicCredentialsDefinition), handlers);
  }

  static async start(path: string, host: DestinationHost, describe: StandInDescription = {}): Promise<StandInAgent> {
    const agent = new StandInAgent(host, describe);
    await new Promise<void>((resolve, reject) => {
      agent.#server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
    return agent;
  }

  /** Cuts all connections; the path is free again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  async #serve<T>(
    call: ServerWritableStream<unknown, unknown>,
    source: (signal: AbortSignal) => AsyncIterable<T>,
    message: (item: T) => unknown,
  ): Promise<void> {
    const abort = new AbortController();
    call.on('cancelled', () => abort.abort());
    this.streams++;
    // Told before there is anything to tell, as a server does that is asked to wait.
    call.sendMetadata(new Metadata());
    try {
      for await (const item of source(abort.signal)) call.write(message(item));
      call.end();
    } catch (error) {
      if (!abort.signal.aborted) call.emit('error', failed(error));
    } finally {
      this.streams--;
    }
  }
}

function requestOf(message: GenerateIdentityRequest): IdentityRequest {
  const { kind, roles, ttl, cluster, tlsPublicKey, sshPublicKey } = message;
  const common = {
    roles,
    ...(ttl && { ttlMs: Number(ttl.seconds) * 1000 + ttl.nanos / 1e6 }),
    cluster,
    keys: {
      ...(tlsPublicKey.length > 0 && { tls: String(tlsPublicKey) }),
      ...(sshPublicKey.length > 0 && { ssh: String(sshPublicKey) }),
    },
  };
  switch (kind?.$case) {
    case 'application':
      return { ...common, kind: 'application', name: kind.value.name };
    case 'database':
      return { ...common, kind: 'database', ...kind.value };
    case 'kubernetes':
      return { ...common, kind: 'kubernetes', name: kind.value.name };
    default:
      return { ...common, kind: 'identity' };
  }
}

function responseOf(identity: Identity): GenerateIdentityResponse {
  const { tlsCertificate = '', sshCertificate = '', ttl, route } = identity;
  return GenerateIdentityResponse.fromPartial({
    tlsCertificate: Buffer.from(tlsCertificate),
    sshCertificate: Buffer.from(sshCertificate),
    authorities: identity.authorities.map(({ type, cluster, tlsCertificates, sshPublicKeys }) => ({
      type,
      cluster,
      tlsCertificates: tlsCertificates.map((pem) => Buffer.from(pem)),
      sshPublicKeys: sshPublicKeys.map((line) => Buffer.from(line)),
    })),
    roles: [...identity.roles],
    expires: toTimestamp(identity.expires),
    refreshAt: toTimestamp(identity.refreshAt),
    ttl: {
      asked: toDurationMessage(ttl.askedMs),
      effective: toDurationMessage(ttl.effectiveMs),
      cutBy: ttl.cutBy ?? '',
    },
    ...(route && { route: routeMessage(route) }),
    serial: identity.serial,
  });
}

function routeMessage({ cluster, proxyAddress = '', application, database, kubernetes }: IdentityRoute): Route {
  const target: Route['target'] = application
    ? { $case: 'application', value: application }
    : database
      ? { $case: 'database', value: { username: '', database: '', ...database } }
      : kubernetes && { $case: 'kubernetes', value: kubernetes };
  return { cluster, proxyAddress, target };
}

function rotationMessage({ deadline, ...rotation }: CaRotation): unknown {
  return { ...rotation, deadline: deadline && toTimestamp(deadline) };
}

function failed(error: unknown): unknown {
  const { code, message } = statusOf(error);
  const metadata = new Metadata();
  if (isTeleportError(error)) {
    const failure = Failure.fromPartial({ code: error.code, message: error.message, hint: error.hint ?? '' });
    metadata.set('tbot-failure-bin', Buffer.from(Failure.encode(failure).finish()));
  }
  return { code, details: message, metadata };
}
