import type { GenericMethod, MessageCodec } from '@teleport-ts/api-types';

// biome-ignore lint/suspicious/noExplicitAny: the codecs of all messages go through here; each keeps its own type
type Codec = MessageCodec<any>;

interface Method<Request extends Codec, Response extends Codec, Streams extends boolean> {
  readonly name: string;
  readonly requestType: Request;
  readonly requestStream: false;
  readonly responseType: Response;
  readonly responseStream: Streams;
}

/** A method with one answer. */
export function unary<Request extends Codec, Response extends Codec>(
  name: string,
  requestType: Request,
  responseType: Response,
): Method<Request, Response, false> {
  return { name, requestType, requestStream: false, responseType, responseStream: false };
}

/** A method with many answers. */
export function serverStream<Request extends Codec, Response extends Codec>(
  name: string,
  requestType: Request,
  responseType: Response,
): Method<Request, Response, true> {
  return { name, requestType, requestStream: false, responseType, responseStream: true };
}

/** A few methods of the auth service: its whole definition would bring in all messages of the API. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function authMethods<M extends Readonly<Record<string, GenericMethod<any, any>>>>(
  methods: M,
): { readonly name: 'AuthService'; readonly fullName: 'proto.AuthService'; readonly methods: M } {
  return { name: 'AuthService', fullName: 'proto.AuthService', methods };
}
