/**
 * A client with all calls as methods, for programs that would rather import one thing than many. It costs the import of
 * every message of the API; who wants few calls takes the functions of their areas instead.
 *
 * @module
 */
import type { Client } from '../client.ts';
import type { ClientOptions } from '../client-options.ts';
import { connect as connectClient } from '../connect.ts';
import type { LeafOptions } from '../leaf-clients.ts';
import { type AreaCalls, areaCalls } from './calls.ts';

export type { AreaCalls } from './calls.ts';

/** A client with all calls as methods: `client.listNodes()`, `client.createUser(…)`, `client.watch([…])`. */
export interface FullClient extends Client, AreaCalls {
  forCluster(name: string, options?: LeafOptions): Promise<FullClient>;
}

/**
 * `connect` of `@teleport-ts/api-client`, with all calls as methods of the client.
 *
 * ```ts
 * await using client = await connect({ credentials: loadProfile() });
 * for await (const node of client.listNodes()) console.log(node.hostname, node.labels);
 * ```
 *
 * @throws what `connect` throws
 */
export async function connect(options: ClientOptions): Promise<FullClient> {
  return withCalls(await connectClient(options));
}

/**
 * Gives a client all calls as methods, and its clients of leaf clusters too; it is the same client.
 *
 * ```ts
 * const client = withCalls(new FakeCluster().connect());
 * ```
 */
export function withCalls(client: Client): FullClient {
  const forCluster = client.forCluster.bind(client);
  return Object.assign(client, areaCalls(client), {
    forCluster: async (name: string, options?: LeafOptions) => withCalls(await forCluster(name, options)),
  });
}
