import type { Metadata } from '@grpc/grpc-js';
import type { GenericDefinition, MethodName, RequestOf, ResponseOf } from '@teleport-ts/api-types';
import type { Caller } from '../access/caller.ts';

/** What a handler knows of the call beside the request. */
export interface Call {
  /** Who calls; without a client certificate somebody who may do nothing but what is open to all. */
  readonly caller: Caller;
  /** `address:port` of the client. */
  readonly remoteAddress: string;
  readonly metadata: Metadata;
  /** Aborted when the client is no longer interested. */
  readonly signal: AbortSignal;
}

type Handler<M> = M extends { requestStream: false; responseStream: false }
  ? (request: RequestOf<M>, call: Call) => ResponseOf<M> | Promise<ResponseOf<M>>
  : M extends { requestStream: false; responseStream: true }
    ? (request: RequestOf<M>, call: Call) => AsyncIterable<ResponseOf<M>>
    : M extends { requestStream: true; responseStream: true }
      ? (requests: AsyncIterable<RequestOf<M>>, call: Call) => AsyncIterable<ResponseOf<M>>
      : never;

/** Handlers of some methods of a service; a method without one is answered as unknown. */
export type Handlers<D extends GenericDefinition> = { readonly [N in MethodName<D>]?: Handler<D['methods'][N]> };

/** A service, or a part of one, with its handlers. */
export interface Service {
  readonly definition: GenericDefinition;
  readonly handlers: Readonly<Record<string, AnyHandler | undefined>>;
}

// biome-ignore lint/suspicious/noExplicitAny: the request is checked where the handlers are written down
export type AnyHandler = (request: any, call: Call) => unknown;

export function service<D extends GenericDefinition>(definition: D, handlers: Handlers<D>): Service {
  return { definition, handlers: handlers as Service['handlers'] };
}
