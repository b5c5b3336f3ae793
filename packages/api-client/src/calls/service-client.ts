import {
  type GenericDefinition,
  type GenericMethod,
  type MethodName,
  type RequestInput,
  type ResponseOf,
  toMethodDefinition,
} from '@teleport-ts/api-types';
import type { CallEnvironment } from './call-environment.ts';
import type { CallOptions } from './call-options.ts';
import { callServerStream } from './stream-call.ts';
import { callUnary } from './unary-call.ts';

/** Names of the methods that take one request; those that stream requests are not callable here. */
export type CallableName<D extends GenericDefinition> = {
  [N in MethodName<D>]: D['methods'][N]['requestStream'] extends true ? never : N;
}[MethodName<D>];

/** Names of the methods with one request and one answer. */
export type UnaryName<D extends GenericDefinition> = {
  [N in CallableName<D>]: D['methods'][N]['responseStream'] extends true ? never : N;
}[CallableName<D>];

/** How one method is called: one answer as a promise, many as an async iterable. */
export type MethodCall<M> = M extends { responseStream: true }
  ? (request: RequestInput<M>, options?: CallOptions) => AsyncIterable<ResponseOf<M>>
  : (request: RequestInput<M>, options?: CallOptions) => Promise<ResponseOf<M>>;

/** A service as an object of functions, typed by its generated definition. */
export type ServiceClient<D extends GenericDefinition> = {
  readonly [N in CallableName<D>]: MethodCall<D['methods'][N]>;
};

// biome-ignore lint/suspicious/noExplicitAny: methods of all message types go through here; their types stand in MethodCall
type AnyCall = (request: any, options?: CallOptions) => any;

/** The functions of a service; each try takes the connection of that moment. */
export class ServiceCalls {
  readonly #environment: CallEnvironment;
  readonly #calls = new WeakMap<GenericMethod, AnyCall>();
  readonly #services = new WeakMap<GenericDefinition, object>();

  constructor(environment: CallEnvironment) {
    this.#environment = environment;
  }

  service<D extends GenericDefinition>(definition: D): ServiceClient<D> {
    const known = this.#services.get(definition);
    if (known) return known as ServiceClient<D>;
    const service: Record<string, AnyCall> = {};
    for (const [name, method] of Object.entries(definition.methods)) {
      if (method.requestStream) continue;
      service[name] = (request, options) => this.method(definition, name)(request, options);
    }
    this.#services.set(definition, service);
    return service as ServiceClient<D>;
  }

  method(definition: GenericDefinition, name: string): AnyCall {
    const generic = definition.methods[name];
    const known = generic && this.#calls.get(generic);
    if (known) return known;
    const method = toMethodDefinition(definition, name);
    const { requestType } = definition.methods[name]!;
    const environment = this.#environment;
    const call: AnyCall = method.responseStream
      ? (request, options) => callServerStream(environment, method, requestType.fromPartial(request), options)
      : (request, options) => callUnary(environment, method, requestType.fromPartial(request), options);
    this.#calls.set(generic!, call);
    return call;
  }

  /** Ends what waits: for its next try, for a person. */
  endWaits(): void {
    for (const wait of this.#environment.waits) wait.cancel();
  }

  /** Frees all timers; nothing runs any more. */
  close(): void {
    this.endWaits();
    this.#environment.limit.close();
  }
}
