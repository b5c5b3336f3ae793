import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import {
  type GenericDefinition,
  type MethodName,
  type RequestInput,
  type RequestOf,
  type ResponseOf,
  toMethodDefinition,
} from '@teleport-ts/api-types';

/** Whom a {@link WireClient} calls as; none: without a client certificate. */
export interface WireCredentials {
  readonly key: string;
  readonly cert: string;
}

/** How a call failed, as it came over the wire. */
export interface WireStatus {
  readonly code: number;
  readonly details: string;
}

/** A bare gRPC client of an auth service, without anything that a real client library adds. */
export class WireClient {
  readonly #client: Client;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #ca: string;

  constructor(options: {
    readonly address: string;
    /** Authorities that the server's certificate is checked against, PEM. */
    readonly ca: string;
    readonly identity?: WireCredentials;
    /** Default: the API level 18.0.0 as `version`. */
    readonly metadata?: Readonly<Record<string, string>>;
    /** The server name to send. Default `teleport.cluster.local`. */
    readonly serverName?: string;
  }) {
    const { address, ca, identity, metadata = { version: '18.0.0' }, serverName = 'teleport.cluster.local' } = options;
    this.#metadata = metadata;
    this.#ca = ca;
    const ssl = identity
      ? credentials.createSsl(Buffer.from(ca), Buffer.from(identity.key), Buffer.from(identity.cert))
      : credentials.createSsl(Buffer.from(ca));
    this.#client = new Client(address, ssl, {
      'grpc.ssl_target_name_override': serverName,
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': 16 * 1024 * 1024,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  get ca(): string {
    return this.#ca;
  }

  /** One call; rejects with what {@link wireStatus} reads. */
  call<D extends GenericDefinition, N extends MethodName<D>>(
    definition: D,
    name: N,
    request: RequestInput<D['methods'][N]>,
  ): Promise<ResponseOf<D['methods'][N]>> {
    const method = toMethodDefinition(definition, name);
    const codec = definition.methods[name]?.requestType as { fromPartial(input: unknown): RequestOf<D['methods'][N]> };
    return this.raw(method.path, codec.fromPartial(request), method.requestSerialize, method.responseDeserialize);
  }

  /** A call by path, for methods that no definition has. */
  raw<Request, Response>(
    path: string,
    request: Request,
    serialize: (request: Request) => Buffer,
    deserialize: (bytes: Buffer) => Response,
  ): Promise<Response> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.#metadata)) metadata.set(key, value);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 20_000 };
      this.#client.makeUnaryRequest(path, serialize, deserialize, request, metadata, options, (error, response) => {
        if (error) reject(error);
        else resolve(response as Response);
      });
    });
  }

  /** A call that is answered by many messages; iterating throws what {@link wireStatus} reads, `cancel` ends it. */
  stream<D extends GenericDefinition, N extends MethodName<D>>(
    definition: D,
    name: N,
    request: RequestInput<D['methods'][N]>,
  ): ClientReadableStream<ResponseOf<D['methods'][N]>> {
    const method = toMethodDefinition(definition, name);
    const codec = definition.methods[name]?.requestType as { fromPartial(input: unknown): RequestOf<D['methods'][N]> };
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.#metadata)) metadata.set(key, value);
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      codec.fromPartial(request),
      metadata,
    );
  }

  /** A call by path that is answered by many messages, as bytes both ways. */
  rawStream(path: string, request: Buffer): ClientReadableStream<Buffer> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.#metadata)) metadata.set(key, value);
    const options = { deadline: Date.now() + 20_000 };
    const asIs = (bytes: Buffer): Buffer => bytes;
    return this.#client.makeServerStreamRequest(path, asIs, asIs, request, metadata, options);
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The status that a call failed with. */
export async function wireStatus(call: Promise<unknown>): Promise<WireStatus> {
  try {
    await call;
  } catch (error) {
    const { code, details } = error as WireStatus;
    return { code, details };
  }
  throw new Error('the call succeeded');
}
