import { TeleportError } from '@teleport-ts/api-types';
import type { Client } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import { systemClock } from './clock.ts';
import { parseAddress } from './dialing/address.ts';
import { type Scope, scope } from './dialing/scope.ts';

const CONNECT_MS = 30_000;

/**
 * Connects to a Teleport cluster: reads the credential, finds out whether the address is a proxy's or an auth service's,
 * dials it, and checks that the server's version fits. Connected means that the server has answered a call.
 *
 * ```ts
 * await using client = await connect({
 *   addresses: ['teleport.example.com:443'],
 *   credentials: loadIdentityFile('identity'),
 * });
 * console.log(await client.ping());
 * ```
 *
 * @throws TeleportError when the credential is unusable: `expired`, `bad_parameter`, `not_found`
 * @throws ConnectError when no address can be reached; it lists every attempt
 * @throws the reason of `signal`, when that was aborted
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const { addresses, credentials, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  if (addresses.length === 0) {
    throw new TeleportError('bad_parameter', 'no address was given', {
      hint: 'name the web address of a proxy or an auth service, as host:port',
    });
  }
  const parsed = addresses.map(parseAddress);
  const connectMs = options.timeouts?.connectMs ?? CONNECT_MS;
  const limit = scope(clock, connectMs, signal);
  try {
    const credential = await within(limit, credentials.current({ signal: limit.signal }), connectMs);
    credential.assertValidAt(clock.now());
    // grpc-js and the messages take longer to load than all else; who only reads credentials goes without.
    const { openClient } = await import('./open-client.ts');
    return await openClient(options, parsed, limit, { connectMs, clock });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error;
  } finally {
    limit.end();
  }
}

/** A source that does not listen to its signal must not hold up who gave up. */
function within<T>(limit: Scope, work: Promise<T>, limitMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const late = new TeleportError('timeout', `the credential was not there within ${limitMs} ms`);
      reject(limit.timedOut ? late : limit.signal.reason);
    };
    if (limit.signal.aborted) giveUp();
    else limit.signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject);
  });
}
