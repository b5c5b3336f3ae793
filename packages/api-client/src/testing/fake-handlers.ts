import type { GenericDefinition, RequestOf, ResponseInput } from '@teleport-ts/api-types';
import type { CallableName } from '../calls/service-client.ts';

/** What a handler knows of a call beside its request. */
export interface FakeCallContext {
  /** `/proto.AuthService/GetRole` */
  readonly rpc: string;
  /** The headers that the caller sent. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Aborted when the caller has given up, or its time has run out. */
  readonly signal: AbortSignal;
}

/** What answers one method: any field may be left out; what it throws, the caller gets as an error of the wire. */
export type FakeHandler<M> = M extends { responseStream: true }
  ? (request: RequestOf<M>, call: FakeCallContext) => AsyncIterable<ResponseInput<M>> | Iterable<ResponseInput<M>>
  : (request: RequestOf<M>, call: FakeCallContext) => ResponseInput<M> | Promise<ResponseInput<M>>;

/** What answers some methods of a service. */
export type FakeHandlers<D extends GenericDefinition> = {
  readonly [N in CallableName<D>]?: FakeHandler<D['methods'][N]>;
};

// biome-ignore lint/suspicious/noExplicitAny: the types stand in FakeHandler
export type AnyFakeHandler = (request: any, call: FakeCallContext) => any;
