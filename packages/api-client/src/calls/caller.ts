import type { GenericDefinition, RequestInput, ResponseOf } from '@teleport-ts/api-types';
import type { CallOptions } from './call-options.ts';
import type { ServiceClient, UnaryName } from './service-client.ts';

/**
 * Whatever calls can be made on: a client, a leaf's client, a client in memory. Helpers that make calls take one.
 *
 * All calls reject with a `TeleportError`, and with the signal's own reason when the caller aborted them.
 */
export interface Caller {
  /**
   * A service as functions, typed by its generated definition: a method with one answer gives a promise, one with many an
   * async iterable that asks the server for more only as they are taken. Methods that stream requests are left out.
   *
   * ```ts
   * const auth = client.service(AuthServiceDefinition);
   * const role = await auth.getRole({ Name: 'deployer' });
   * ```
   */
  service<D extends GenericDefinition>(definition: D): ServiceClient<D>;
  /**
   * Calls one method with one answer.
   *
   * ```ts
   * await client.unary(AuthServiceDefinition, 'getRole', { Name: 'deployer' }, { timeoutMs: 5_000 });
   * ```
   */
  unary<D extends GenericDefinition, N extends UnaryName<D>>(
    definition: D,
    name: N,
    request: RequestInput<D['methods'][N]>,
    options?: CallOptions,
  ): Promise<ResponseOf<D['methods'][N]>>;
}
