import type { TLSSocket } from 'node:tls';
import {
  type ConnectionInjector,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { GrpcCode, type MethodDefinition, statusOf, toMethodDefinition } from '@teleport-ts/api-types';
import type { Caller } from '../access/caller.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { isServedVersion } from './client-version.ts';
import { type Fault, type Faults, faultOfStream, faultStatus, isWireFault } from './faults.ts';
import type { ReceivedCalls } from './received-calls.ts';
import type { AnyHandler, Call, Service } from './service.ts';
import { breakAnswer } from './wire-faults.ts';

/** A connection that has passed its TLS handshake and the check of its client certificate. */
export interface Connection {
  readonly socket: TLSSocket;
  /** Who calls on it; asked for each call, since a lock or a deleted user takes effect on open connections. */
  authenticate(): Caller;
}

export interface RpcServerOptions {
  readonly services: readonly Service[];
  /** Looks at a call with one answer before its handler does; throws to refuse it. */
  readonly guard?: (method: string, caller: Caller, metadata: Metadata) => void;
  readonly serverVersion: string;
  /** Whether a client that is too old, or says nonsense about its version, loses its connection. */
  readonly refusesOldClients: boolean;
  readonly calls: ReceivedCalls;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly logger: Logger;
}

type UnaryCall = ServerUnaryCall<unknown, unknown>;
type StreamCall = ServerWritableStream<unknown, unknown>;
type DuplexCall = ServerDuplexStream<unknown, unknown>;
type AnyCall = UnaryCall | StreamCall | DuplexCall;

/** gRPC over connections that somebody else accepts: what all calls have in common, and no call itself. */
export class RpcServer {
  readonly #server = new Server({
    'grpc.max_concurrent_streams': 1000,
    'grpc.max_send_message_length': -1,
  });
  readonly #injector: ConnectionInjector;
  readonly #connections = new Map<string, Connection>();
  /** Serial numbers of the certificates that connections were made with; read once, since that takes a while. */
  readonly #serials = new WeakMap<Connection, string>();
  readonly #options: RpcServerOptions;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    for (const { definition, handlers } of options.services) {
      for (const [name, handler] of Object.entries(handlers)) {
        if (handler) this.#register(definition.fullName, toMethodDefinition(definition, name), handler);
      }
    }
    answerUnknownCalls(this.#server, options.services);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  serve(connection: Connection): void {
    const { socket } = connection;
    const peer = peerOf(socket);
    this.#connections.set(peer, connection);
    this.#serials.set(connection, serialOf(socket));
    socket.once('close', () => this.#connections.delete(peer));
    this.#injector.injectConnection(socket);
  }

  /** Ends all connections and the calls on them. */
  close(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
    this.#injector.destroy();
    this.#server.forceShutdown();
  }

  #register(service: string, method: MethodDefinition, handler: AnyHandler): void {
    const name = method.originalName;
    if (method.responseStream) {
      this.#server.register(
        method.path,
        (call: StreamCall | DuplexCall) => void this.#stream(service, name, handler, call),
        method.responseSerialize,
        method.requestDeserialize,
        method.requestStream ? 'bidi' : 'serverStream',
      );
    } else {
      this.#server.register(
        method.path,
        (call: UnaryCall, answer: sendUnaryData<unknown>) => void this.#unary(service, name, handler, call, answer),
        method.responseSerialize,
        method.requestDeserialize,
        'unary',
      );
    }
  }

  async #unary(
    service: string,
    method: string,
    handler: AnyHandler,
    call: UnaryCall,
    answer: sendUnaryData<unknown>,
  ): Promise<void> {
    const received = this.#receive(service, method, call);
    if (!received) return;
    const { connection, fault, record } = received;
    try {
      call.sendMetadata(this.#header());
      const caller = this.#admit(connection, record);
      await this.#meet(fault);
      this.#options.guard?.(method, caller, call.metadata);
      const response = await handler(call.request, toCall(call, caller));
      record(GrpcCode.OK);
      if (fault === 'lost') connection.socket.destroy();
      else if (isWireFault(fault)) breakAnswer(fault, connection.socket, call);
      else answer(null, response);
    } catch (error) {
      answer(this.#refuse(service, method, error, record));
    }
  }

  async #stream(service: string, method: string, handler: AnyHandler, call: StreamCall | DuplexCall): Promise<void> {
    const received = this.#receive(service, method, call);
    if (!received) return;
    const { connection, fault, record } = received;
    try {
      call.sendMetadata(this.#header());
      const caller = this.#admit(connection, record);
      await this.#meet(fault);
      const { afterMessages, fault: late } = faultOfStream(fault);
      let sent = 0;
      if (afterMessages > 0) {
        const asked = 'request' in call ? call.request : call.iterator({ destroyOnReturn: false });
        for await (const message of handler(asked, toCall(call, caller)) as AsyncIterable<unknown>) {
          if (call.cancelled) break;
          if (!call.write(message)) await drained(call);
          if (++sent === afterMessages) break;
        }
      }
      if (sent < afterMessages) {
        record(GrpcCode.OK);
        if (fault === 'lost') connection.socket.destroy();
        else call.end();
        return;
      }
      await flushed(call);
      if (typeof late === 'object') throw new InjectedFault({ message: 'injected fault', ...late });
      record(GrpcCode.OK);
      breakAnswer(late, connection.socket, call);
    } catch (error) {
      call.emit('error', this.#refuse(service, method, error, record));
    }
  }

  /** What comes before a call is looked at: a connection that is cut off gets no answer. */
  #receive(
    service: string,
    method: string,
    call: AnyCall,
  ): { connection: Connection; fault: Fault | undefined; record: Recorder } | undefined {
    const { logger, faults, calls, clock, refusesOldClients } = this.#options;
    const connection = this.#connections.get(call.getPeer());
    if (!connection) return undefined; // it closed in the meantime
    const [version] = call.metadata.get('version');
    if (refusesOldClients && !isServedVersion(version?.toString())) {
      logger.warn({ method, version: version?.toString() }, 'client version is unsupported, closing the connection');
      connection.socket.destroy();
      return undefined;
    }
    const fault = faults.take(method);
    if (fault === 'dropped') {
      connection.socket.destroy();
      return undefined;
    }
    let user = '';
    const serial = this.#serials.get(connection) ?? '';
    const record: Recorder = (code, caller) => {
      if (caller) user = caller.user;
      if (code !== undefined) calls.add({ service, method, user, serial, code, at: clock.now() });
    };
    return { connection, fault, record };
  }

  #admit(connection: Connection, record: Recorder): Caller {
    const caller = connection.authenticate();
    record(undefined, caller);
    return caller;
  }

  async #meet(fault: Fault | undefined): Promise<void> {
    if (fault === undefined) return;
    if (typeof fault === 'object' && 'delayMs' in fault) {
      await new Promise<void>((resolve) => {
        this.#options.clock.setTimer(fault.delayMs, resolve);
      });
    }
    const status = faultStatus(fault);
    if (status) throw new InjectedFault(status);
  }

  #refuse(service: string, method: string, error: unknown, record: Recorder): { code: number; details: string } {
    const { code, message } = error instanceof InjectedFault ? error.status : statusOf(error);
    record(code);
    this.#options.logger.debug({ service, method, code, error }, message);
    // grpc-js throws at half a surrogate pair, out of anybody's reach; as bytes there is none.
    return { code, details: Buffer.from(message).toString() };
  }

  #header(): Metadata {
    const header = new Metadata();
    header.set('version', this.#options.serverVersion);
    return header;
  }
}

type Recorder = (code: number | undefined, caller?: Caller) => void;

class InjectedFault extends Error {
  readonly status: { code: number; message: string };
  constructor(status: { code: number; message: string }) {
    super(status.message);
    this.status = status;
  }
}

/**
 * Answers calls that nobody knows in the words of grpc-go. grpc-js has words of its own and no option for them, so this
 * takes the place of its look-up.
 */
function answerUnknownCalls(server: Server, services: readonly Service[]): void {
  const known = new Set(services.map(({ definition }) => definition.fullName));
  const defined = new Set(
    services.flatMap(({ definition: { fullName, methods } }) =>
      Object.values(methods).map((method) => `/${fullName}/${method.name}`),
    ),
  );
  const internals = server as unknown as { _retrieveHandler(path: string): unknown };
  const retrieve = internals._retrieveHandler.bind(server);
  const asIs = (bytes: Buffer): Buffer => bytes;
  internals._retrieveHandler = (path) =>
    retrieve(path) ?? {
      type: 'bidi',
      path,
      serialize: asIs,
      deserialize: asIs,
      func: (call: NodeJS.EventEmitter) => {
        const [, service = '', method = ''] = path.split('/');
        const details = defined.has(path)
          ? `method ${method} not implemented`
          : known.has(service)
            ? `unknown method ${method} for service ${service}`
            : `unknown service ${service}`;
        call.emit('error', { code: GrpcCode.UNIMPLEMENTED, details });
      },
    };
}

const serialOf = (socket: TLSSocket): string => socket.getPeerX509Certificate?.()?.serialNumber ?? '';

const peerOf = ({ remoteAddress, remotePort }: TLSSocket): string => `${remoteAddress}:${remotePort}`;

function toCall(call: AnyCall, caller: Caller): Call {
  const controller = new AbortController();
  (call as NodeJS.EventEmitter).once('cancelled', () => controller.abort());
  return { caller, remoteAddress: call.getPeer(), metadata: call.metadata, signal: controller.signal };
}

function drained(call: StreamCall | DuplexCall): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      call.off('cancelled', done);
      resolve();
    };
    call.once('drain', done);
    call.once('cancelled', done);
  });
}

/** Until all that was written is with the connection. */
async function flushed(call: StreamCall | DuplexCall): Promise<void> {
  do {
    await new Promise((resolve) => setImmediate(resolve));
  } while (call.writableLength > 0 && !call.cancelled);
}
