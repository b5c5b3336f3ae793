import { fromTimestamp, TeleportError } from '@teleport-ts/api-types';
import type { PublicKeys } from '../destination-host.ts';
import type { WatchIdentityResponse } from '../gen/tbot/credentials/v1/credentials.ts';
import type { Identity } from '../identity.ts';
import { identityFromMessage } from './identity-exchange.ts';
import { errorFromFailure } from './socket-failure.ts';

/** What comes on a stream of credentials for one pair of keys. */
export type WatchEvent =
  | { readonly type: 'identity'; readonly identity: Identity }
  /** A renewal has failed and is tried again by the agent; the last credential lives until `expires`. */
  | { readonly type: 'trouble'; readonly error: TeleportError; readonly expires?: Date; readonly nextTry?: Date };

/** @throws TeleportError `bad_parameter` when the certificates are for another key, `unknown` for an empty message */
export function watchEvent({ event }: WatchIdentityResponse, publicKeys: PublicKeys): WatchEvent {
  switch (event?.$case) {
    case 'identity':
      return { type: 'identity', identity: identityFromMessage(event.value, { publicKeys }) };
    case 'trouble': {
      const { failure } = event.value;
      const expires = fromTimestamp(event.value.expires);
      const nextTry = fromTimestamp(event.value.nextTry);
      const error = failure
        ? errorFromFailure(failure, 'WatchIdentity')
        : new TeleportError('unknown', 'the agent could not renew the credential and gives no reason');
      return { type: 'trouble', error, ...(expires && { expires }), ...(nextTry && { nextTry }) };
    }
    default:
      throw new TeleportError('unknown', 'the agent sent a message that this version does not know');
  }
}
