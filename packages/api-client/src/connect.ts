import { TeleportError } from '@teleport-ts/api-types';
import type { Client } from './client.ts';
import type { ClientOptions } from './client-options.ts';
import { systemClock } from './clock.ts';
import { type Address, parseAddress } from './dialing/address.ts';
import { type Scope, scope } from './dialing/scope.ts';

const CONNECT_MS = 30_000;
/** What a dialer is asked for that needs no address: the name in every auth service's certificate. */
const ANY_ADDRESS = 'teleport.cluster.local:3025';

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
 * With a profile of tsh, `await connect({ credentials: loadProfile() })` needs nothing else.
 *
 * @throws TeleportError when the credential is unusable: `expired`, `bad_parameter`, `not_found`
 * @throws ConnectError when no address can be reached; it lists every attempt
 * @throws the reason of `signal`, when that was aborted
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const { credentials, signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const connectMs = options.timeouts?.connectMs ?? CONNECT_MS;
  const limit = scope(clock, connectMs, signal);
  try {
    // Addresses that cannot be read are refused before anything is read.
    const given = options.addresses && parsedAddresses(options.addresses);
    const credential = await within(limit, credentials.current({ signal: limit.signal }), connectMs);
    credential.assertValidAt(clock.now());
    const known = async (): Promise<readonly string[]> =>
      (await credentials.addresses?.({ signal: limit.signal })) ?? [];
    const told = given ? [] : await within(limit, known(), connectMs);
    // The caller's own dialer may know by itself where to go.
    const addresses = given ?? parsedAddresses(told.length === 0 && options.dial ? [ANY_ADDRESS] : told);
    // grpc-js and the messages take longer to load than all else; who only reads credentials goes without.
    const { openClient } = await import('./open-client.ts');
    return await openClient(options, addresses, limit, { connectMs, clock });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw error;
  } finally {
    limit.end();
  }
}

function parsedAddresses(addresses: readonly string[]): readonly Address[] {
  if (addresses.length > 0) return addresses.map(parseAddress);
  throw new TeleportError('bad_parameter', 'no address was given', {
    hint: 'name the web address of a proxy or an auth service, as host:port; a tsh profile knows its own',
  });
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
