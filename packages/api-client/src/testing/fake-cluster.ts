import {
  type ErrorCode,
  errorFromStatus,
  type GenericDefinition,
  GrpcCode,
  type MethodDefinition,
  type RequestOf,
  statusOf,
  TELEPORT_API_VERSION,
  toMethodDefinition,
} from '@teleport-ts/api-types';
import { Event, Watch } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { CallPolicy } from '../calls/call-environment.ts';
import { PingDefinition } from '../calls/ping.ts';
import type { CallableName } from '../calls/service-client.ts';
import type { Client } from '../client.ts';
import { type Clock, systemClock } from '../clock.ts';
import { FakeClient } from './fake-client.ts';
import { FakeEvents } from './fake-events.ts';
import { type FakeFault, FakeFaults } from './fake-faults.ts';
import type { AnyFakeHandler, FakeCallContext, FakeHandlers } from './fake-handlers.ts';
import { FakeStatus } from './fake-run.ts';
import { fakeTransport } from './fake-transport.ts';

/** A call that a fake cluster has received; a call that was tried three times stands there three times. */
export interface FakeCallRecord {
  /** `/proto.AuthService/GetRole` */
  readonly rpc: string;
  /** The request as it came over: decoded from the bytes that a real server would have got. */
  readonly request: unknown;
  readonly metadata: Readonly<Record<string, string>>;
  /** How it ended; absent while it runs. */
  readonly outcome?: 'ok' | ErrorCode;
}

/** What {@link FakeCluster} takes. */
export interface FakeClusterOptions {
  /** Default `fake`. */
  readonly name?: string;
  /** The version of Teleport that it says it is. Default that of this client's API. */
  readonly version?: string;
  /** For delays, deadlines and waits. Default the machine's. */
  readonly clock?: Clock;
}

interface Method {
  readonly definition: MethodDefinition;
  readonly fromPartial: (answer: unknown) => unknown;
  readonly handler: AnyFakeHandler;
}

const WatchDefinition = {
  name: 'AuthService',
  fullName: 'proto.AuthService',
  methods: {
    watchEvents: {
      name: 'WatchEvents',
      requestType: Watch,
      requestStream: false,
      responseType: Event,
      responseStream: true,
    },
  },
} as const;

/**
 * A cluster in memory whose answers a test writes, for the tests of programs that use a client. Messages are really encoded
 * and decoded, errors are what the wire makes of them, and the client above is the real one: tries, limits, circuit breaker.
 * It knows nothing of Teleport beyond `Ping` and the form of `WatchEvents`.
 *
 * ```ts
 * const cluster = new FakeCluster();
 * cluster.handle(AuthServiceDefinition, { getRole: ({ Name }) => ({ Metadata: { Name } }) });
 * await using client = cluster.connect();
 * await myPlugin(client);
 * cluster.requests(AuthServiceDefinition, 'getRole'); // [{ Name: 'deployer' }]
 * ```
 */
export class FakeCluster implements AsyncDisposable {
  readonly name: string;
  readonly version: string;
  /** All calls so far, in the order in which they came. */
  readonly calls: FakeCallRecord[] = [];
  /** What is to go wrong. */
  readonly faults: FakeFaults = new FakeFaults();
  /** What changes, for those who watch. */
  readonly events: FakeEvents = new FakeEvents();
  readonly #clock: Clock;
  readonly #methods = new Map<string, Method>();
  readonly #services = new Set<string>();
  readonly #clients = new Set<Client>();
  readonly #leaves = new Map<string, FakeCluster>();

  constructor({ name = 'fake', version = TELEPORT_API_VERSION, clock = systemClock }: FakeClusterOptions = {}) {
    this.name = name;
    this.version = version;
    this.#clock = clock;
    this.handle(PingDefinition, {
      ping: () => ({ ClusterName: name, ServerVersion: version, ProxyPublicAddr: `${name}.invalid:443` }),
    });
    this.handle(WatchDefinition, { watchEvents: (request, { signal }) => this.events.watch(request, signal) });
  }

  /**
   * Answers some methods of a service; of two handlers of a method the later one counts. A method without one is answered
   * as a server does that has not heard of it.
   *
   * A handler gives a part of the answer, or a promise of it; for a method with many answers an iterable of them. It throws
   * a `TeleportError` for what a server would refuse.
   */
  handle<D extends GenericDefinition>(definition: D, handlers: FakeHandlers<D>): this {
    this.#services.add(definition.fullName);
    for (const [name, handler] of Object.entries<AnyFakeHandler | undefined>(handlers)) {
      if (!handler) continue;
      const method = toMethodDefinition<GenericDefinition, string>(definition, name);
      const { fromPartial } = definition.methods[name]!.responseType;
      this.#methods.set(method.path, { definition: method as MethodDefinition, fromPartial, handler });
    }
    return this;
  }

  /** A client of this cluster; several have nothing to do with each other. What is left out is as with `connect`. */
  connect(policy: CallPolicy = {}): Client {
    const server = { version: this.version, clusterName: this.name, proxyPublicAddress: `${this.name}.invalid:443` };
    const grpc = fakeTransport(
      { unary: (request, call) => this.#unary(request, call), stream: (request, call) => this.#stream(request, call) },
      this.#clock,
    );
    const client = new FakeClient(server, {
      grpc,
      clock: this.#clock,
      policy,
      leaf: (name) => (name === this.name ? this : this.#leaves.get(name))?.connect(policy),
      onClose: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
    return client;
  }

  /** Makes another cluster a leaf of this one, for `client.forCluster`; it goes on by itself when this one is closed. */
  addLeaf(leaf: FakeCluster): this {
    this.#leaves.set(leaf.name, leaf);
    return this;
  }

  /** The requests of one method so far, typed. */
  requests<D extends GenericDefinition, N extends CallableName<D>>(
    definition: D,
    name: N,
  ): readonly RequestOf<D['methods'][N]>[] {
    const { path } = toMethodDefinition<GenericDefinition, string>(definition, name);
    return this.calls.filter(({ rpc }) => rpc === path).map(({ request }) => request as RequestOf<D['methods'][N]>);
  }

  /** Closes all its clients. */
  async close(): Promise<void> {
    await Promise.all([...this.#clients].map((client) => client.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #unary(bytes: Uint8Array, call: FakeCallContext): Promise<Uint8Array> {
    const { method, request, end } = this.#receive(bytes, call);
    try {
      const fault = await this.#meet(call);
      const answer = await method().handler(request(), call);
      if (fault === 'lost') throw new FakeStatus(GrpcCode.UNAVAILABLE, 'the answer was lost');
      const { definition, fromPartial } = method();
      const encoded = definition.responseSerialize(fromPartial(answer));
      end();
      return encoded;
    } catch (error) {
      throw end(error);
    }
  }

  async *#stream(bytes: Uint8Array, call: FakeCallContext): AsyncGenerator<Uint8Array> {
    const { method, request, end } = this.#receive(bytes, call);
    try {
      const fault = await this.#meet(call);
      if (fault === 'lost') throw new FakeStatus(GrpcCode.UNAVAILABLE, 'the answer was lost');
      const { definition, fromPartial, handler } = method();
      for await (const answer of handler(request(), call)) yield definition.responseSerialize(fromPartial(answer));
      end();
    } catch (error) {
      throw end(error);
    }
  }

  #receive(
    bytes: Uint8Array,
    { rpc, metadata }: FakeCallContext,
  ): { method: () => Method; request: () => unknown; end: (error?: unknown) => FakeStatus | undefined } {
    const known = this.#methods.get(rpc);
    const request = known ? known.definition.requestDeserialize(Buffer.from(bytes)) : undefined;
    const record: { -readonly [K in keyof FakeCallRecord]: FakeCallRecord[K] } = { rpc, request, metadata };
    this.calls.push(record);
    return {
      request: () => request,
      method: () => {
        if (known) return known;
        const [, service = '', name = ''] = rpc.split('/');
        const what = this.#services.has(service) ? `method ${name} for service ${service}` : `service ${service}`;
        throw new FakeStatus(GrpcCode.UNIMPLEMENTED, `unknown ${what}`);
      },
      end: (error) => {
        if (error === undefined) {
          record.outcome = 'ok';
          return undefined;
        }
        const { code, details } = asStatus(error);
        record.outcome = errorFromStatus({ code, message: details }).code;
        return new FakeStatus(code, details, error);
      },
    };
  }

  async #meet({ rpc, signal }: FakeCallContext): Promise<FakeFault | undefined> {
    const fault = this.faults.take(rpc.slice(rpc.lastIndexOf('/') + 1));
    if (fault === undefined || fault === 'lost') return fault;
    if (!('delayMs' in fault)) throw fault;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(fault.delayMs, resolve);
      signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
    return fault;
  }
}

function asStatus(error: unknown): { code: number; details: string } {
  if (error instanceof FakeStatus) return error;
  if (!(error instanceof Error)) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (typeof code === 'number') return { code, details: String(message ?? '') };
  }
  const { code, message } = statusOf(error);
  return { code, details: message };
}
