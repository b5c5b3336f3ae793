import { Metadata } from '@grpc/grpc-js';
import {
  errorFromStatus,
  type GenericDefinition,
  type RequestInput,
  type ResponseOf,
  TELEPORT_API_VERSION,
  TeleportError,
} from '@teleport-ts/api-types';
import { type CallPolicy, callEnvironment } from '../calls/call-environment.ts';
import type { CallOptions } from '../calls/call-options.ts';
import type { CallTarget, Cancelable } from '../calls/call-target.ts';
import { PingDefinition, type ServerInfo, serverInfo } from '../calls/ping.ts';
import { ServiceCalls, type ServiceClient, type UnaryName } from '../calls/service-client.ts';
import type { Client, ConnectionInfo } from '../client.ts';
import type { Clock } from '../clock.ts';
import { closedError } from '../dialing/connection.ts';
import type { ClientStatus } from '../status/client-status.ts';
import { StatusHub } from '../status/status-hub.ts';

const ADDRESS = 'fake.invalid:443';

/** A client whose calls go to a fake cluster; all above the network is that of a real one. */
export class FakeClient implements Client {
  readonly server: ServerInfo;
  readonly connection: ConnectionInfo = { address: ADDRESS, method: 'dialer' };
  readonly #target: FakeTarget;
  readonly #calls: ServiceCalls;
  readonly #status = new StatusHub();
  readonly #onClose: () => void;
  readonly #leaf: (name: string) => Client | undefined;
  readonly #leaves: Client[] = [];

  constructor(
    server: ServerInfo,
    parts: {
      grpc: CallTarget['grpc'];
      clock: Clock;
      policy: CallPolicy;
      /** A client of the same cluster or of a leaf, by its name. */
      leaf: (name: string) => Client | undefined;
      onClose: () => void;
    },
  ) {
    const { grpc, clock, policy, leaf, onClose } = parts;
    this.#leaf = leaf;
    this.server = server;
    this.#target = new FakeTarget(grpc);
    this.#onClose = onClose;
    const targets = { current: this.#target, closed: false };
    this.#calls = new ServiceCalls(callEnvironment(policy, { targets, clock, status: this.#status }));
    this.#status.emit({ type: 'ready', ...this.connection, serverVersion: server.version });
  }

  async ping(options?: CallOptions): Promise<ServerInfo> {
    return serverInfo(await this.unary(PingDefinition, 'ping', {}, options));
  }

  service<D extends GenericDefinition>(definition: D): ServiceClient<D> {
    return this.#calls.service(definition);
  }

  unary<D extends GenericDefinition, N extends UnaryName<D>>(
    definition: D,
    name: N,
    request: RequestInput<D['methods'][N]>,
    options?: CallOptions,
  ): Promise<ResponseOf<D['methods'][N]>> {
    return this.#calls.method(definition, name)(request, options);
  }

  status(options: { signal?: AbortSignal } = {}): AsyncIterable<ClientStatus> {
    return this.#status.iterate(options.signal);
  }

  async forCluster(name: string): Promise<Client> {
    const leaf = this.#leaf(name);
    if (!leaf) {
      throw new TeleportError('not_found', `the cluster ${name} is not known here`, {
        hint: 'FakeCluster.addLeaf makes one known',
      });
    }
    this.#leaves.push(leaf);
    return leaf;
  }

  /** There are no credentials: always `same`. */
  async reloadCredentials(): Promise<'changed' | 'same'> {
    return 'same';
  }

  /** Ends running calls at once, since nothing below them takes time. */
  async close(): Promise<void> {
    await Promise.all(this.#leaves.map((leaf) => leaf.close()));
    this.#target.close();
    this.#calls.close();
    this.#status.close();
    this.#onClose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class FakeTarget implements CallTarget {
  readonly grpc: CallTarget['grpc'];
  readonly metadata = new Metadata();
  readonly calls = new Set<Cancelable>();
  closed = false;

  constructor(grpc: CallTarget['grpc']) {
    this.grpc = grpc;
    this.metadata.set('version', TELEPORT_API_VERSION);
  }

  finished(call: Cancelable): void {
    this.calls.delete(call);
  }

  error({ code, details }: { code: number; details: string }, rpc: string): TeleportError {
    if (this.closed && (code === 1 || code === 14)) return closedError(rpc);
    return errorFromStatus({
      code,
      message: details,
      rpc,
      cause: Object.assign(new Error(details), { code, details }),
    });
  }

  close(): void {
    this.closed = true;
    for (const call of this.calls) call.cancel();
  }
}
