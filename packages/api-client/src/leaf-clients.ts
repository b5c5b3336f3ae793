import { TeleportError } from '@teleport-ts/api-types';
import type { Client } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import type { Clock } from './clock.ts';
import type { CredentialSource } from './credentials/credential-source.ts';
import { type Address, parseAddress } from './dialing/address.ts';
import { closedError } from './dialing/connection.ts';
import { type Scope, scope } from './dialing/scope.ts';

/** What `forCluster` takes besides the name. */
export interface LeafOptions {
  readonly signal?: AbortSignal;
  /** Longest time for connecting, in milliseconds. Default: as for the root's client. */
  readonly timeoutMs?: number;
}

/** What {@link LeafClients} takes. */
export interface LeafClientsOptions {
  /** Of the root's client. */
  readonly source: CredentialSource;
  readonly connectMs: number;
  readonly clock: Clock;
  /** Opens a client with these options instead of the root's, and those addresses if there are any. */
  readonly dial: (
    leaf: {
      readonly addresses?: readonly Address[];
      readonly options: Pick<ClientOptions, 'credentials' | 'cluster'>;
    },
    limit: Scope,
    onClosing: (client: Client) => Promise<void>,
  ) => Promise<Client>;
}

/** The clients of leaf clusters that belong to one of their root. */
export class LeafClients {
  readonly #options: LeafClientsOptions;
  readonly #open = new Set<Client>();
  readonly #opening = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #root: Client | undefined;

  constructor(options: LeafClientsOptions) {
    this.#options = options;
  }

  /** @param asked the client that was asked: the root's, or one of a leaf, whose leaves are the root's */
  async open(asked: Client, name: string, options: LeafOptions = {}): Promise<Client> {
    if (typeof name !== 'string' || name === '') {
      throw new TeleportError('bad_parameter', 'the name of a cluster is expected', {
        hint: '`tctl get remote_cluster` lists the leaf clusters',
      });
    }
    options.signal?.throwIfAborted();
    if (this.#closing.signal.aborted) throw closedError();
    this.#root ??= asked;
    const opening = this.#connect(this.#root, name, options);
    this.#opening.add(opening);
    try {
      return await opening;
    } catch (error) {
      throw this.#closing.signal.aborted ? closedError() : error;
    } finally {
      this.#opening.delete(opening);
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#closing.abort(closedError());
    await Promise.allSettled(this.#opening);
    await Promise.all([...this.#open].map((client) => client.close({ graceMs })));
  }

  async #connect(root: Client, name: string, { signal, timeoutMs }: LeafOptions): Promise<Client> {
    const { dial, source, connectMs, clock } = this.#options;
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    const limit = scope(clock, timeoutMs ?? connectMs, either);
    try {
      const isRoot = name === root.server.clusterName;
      const { leafCredential } = await import('./credentials/leaf-credential.ts');
      const credentials = isRoot ? source : leafCredential(source, root, name);
      // Before anything is dialed: an unknown cluster is told by name.
      await credentials.current({ signal: limit.signal });
      const addresses = isRoot ? undefined : proxyOf(root, name);
      const client = await dial(
        { ...(addresses && { addresses }), options: { credentials, ...(!isRoot && { cluster: name }) } },
        limit,
        async (closed) => {
          this.#open.delete(closed);
        },
      );
      if (either.aborted) {
        await client.close({ graceMs: 0 });
        throw either.reason;
      }
      this.#open.add(client);
      return client;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw limit.timedOut && limit.signal.reason === error ? late(name, timeoutMs ?? connectMs) : error;
    } finally {
      limit.end();
    }
  }
}

/** Where leaves are reached; undefined is where the root itself is. */
function proxyOf({ connection, server }: Client, name: string): readonly Address[] | undefined {
  if (connection.method !== 'auth') return undefined;
  if (server.proxyPublicAddress !== '') return [parseAddress(server.proxyPublicAddress)];
  throw new TeleportError(
    'connection_problem',
    `the leaf cluster ${name} cannot be reached: ${server.clusterName} names no proxy`,
    { hint: 'connect to the web address of its proxy instead of the auth service', retryable: false },
  );
}

function late(name: string, limitMs: number): TeleportError {
  return new TeleportError('timeout', `the cluster ${name} gave no answer within ${limitMs} ms`, { retryable: true });
}
