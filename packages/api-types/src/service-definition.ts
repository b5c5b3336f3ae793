/** Encodes and decodes one message; every generated message constant is one. */
export interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(input: Uint8Array): T;
  // biome-ignore lint/suspicious/noExplicitAny: the generated parameter is a deep partial that each module declares for itself
  fromPartial(object: any): T;
}

/** One method of a generated service definition. */
export interface GenericMethod<Request = unknown, Response = unknown> {
  /** As on the wire, `GetRole`. */
  readonly name: string;
  readonly requestType: MessageCodec<Request>;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec<Response>;
  readonly responseStream: boolean;
}

/** A generated service definition, such as `AuthServiceDefinition`: names and codecs, no gRPC library. */
export interface GenericDefinition {
  readonly name: string;
  /** With its package, `proto.AuthService`. */
  readonly fullName: string;
  // biome-ignore lint/suspicious/noExplicitAny: methods of all message types stand in one record
  readonly methods: Readonly<Record<string, GenericMethod<any, any>>>;
}

/** Names of a definition's methods as code calls them, `getRole`. */
export type MethodName<D extends GenericDefinition> = keyof D['methods'] & string;

/** The whole request message of a method. */
export type RequestOf<M> = M extends { requestType: { decode(...args: never): infer T } } ? T : never;

/** The whole response message of a method. */
export type ResponseOf<M> = M extends { responseType: { decode(...args: never): infer T } } ? T : never;

/** What a caller may pass as a request: the message with any field left out. */
export type RequestInput<M> = M extends { requestType: { fromPartial(object: infer T): unknown } } ? T : never;

/** What a server may answer: the response message with any field left out. */
export type ResponseInput<M> = M extends { responseType: { fromPartial(object: infer T): unknown } } ? T : never;

/** A method in the shape that grpc-js takes, for clients and servers alike. */
export interface MethodDefinition<Request = unknown, Response = unknown> {
  /** `/proto.AuthService/GetRole` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (message: Response) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
  /** The name on the wire; grpc-js accepts a handler under this name too. */
  readonly originalName: string;
}

/** All methods of a service, by the names that code calls them. */
export type ServiceDefinition<D extends GenericDefinition> = {
  readonly [N in MethodName<D>]: MethodDefinition<RequestOf<D['methods'][N]>, ResponseOf<D['methods'][N]>>;
};

/**
 * The path of a method on the wire.
 *
 * @example
 * methodPath(AuthServiceDefinition, 'getRole'); // '/proto.AuthService/GetRole'
 */
export function methodPath<D extends GenericDefinition>(definition: D, name: MethodName<D>): string {
  return `/${definition.fullName}/${methodOf(definition, name).name}`;
}

/**
 * One method in the shape of grpc-js.
 *
 * @throws TypeError if the definition has no method of that name
 */
export function toMethodDefinition<D extends GenericDefinition, N extends MethodName<D>>(
  definition: D,
  name: N,
): MethodDefinition<RequestOf<D['methods'][N]>, ResponseOf<D['methods'][N]>> {
  type Request = RequestOf<D['methods'][N]>;
  type Response = ResponseOf<D['methods'][N]>;
  const method = methodOf(definition, name) as GenericMethod<Request, Response>;
  return {
    path: methodPath(definition, name),
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: serializer(method.requestType),
    requestDeserialize: (bytes) => method.requestType.decode(bytes),
    responseSerialize: serializer(method.responseType),
    responseDeserialize: (bytes) => method.responseType.decode(bytes),
    originalName: method.name,
  };
}

/**
 * A service in the shape of grpc-js: for `server.addService` and for a generic client.
 *
 * @example
 * server.addService(toServiceDefinition(HealthDefinition), { check: (call, answer) => answer(null, { status: 1 }) });
 */
export function toServiceDefinition<D extends GenericDefinition>(definition: D): ServiceDefinition<D> {
  const names = Object.keys(definition.methods) as MethodName<D>[];
  return Object.fromEntries(names.map((name) => [name, toMethodDefinition(definition, name)])) as ServiceDefinition<D>;
}

function methodOf(definition: GenericDefinition, name: string): GenericMethod {
  const method = Object.hasOwn(definition.methods, name) ? definition.methods[name] : undefined;
  if (method === undefined) throw new TypeError(`${definition.fullName} has no method ${name}`);
  return method;
}

function serializer<T>(codec: MessageCodec<T>): (message: T) => Buffer {
  return (message) => {
    const bytes = codec.encode(message).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}
