import { RequestState } from '../gen/teleport/types/access_request.ts';
import { TeleportError } from '../teleport-error.ts';

/** Where an access request is in its life. A state that only a newer cluster knows is kept as its number. */
export type AccessRequestState = 'none' | 'pending' | 'approved' | 'denied' | 'promoted' | `unknown:${number}`;

/** What may be decided about a request. `promoted` is decided by the enterprise edition alone. */
export type AccessRequestDecision = 'approved' | 'denied';

const NAMES = new Map<RequestState, AccessRequestState>([
  [RequestState.NONE, 'none'],
  [RequestState.PENDING, 'pending'],
  [RequestState.APPROVED, 'approved'],
  [RequestState.DENIED, 'denied'],
  [RequestState.PROMOTED, 'promoted'],
]);
const NUMBERS = new Map([...NAMES].map(([number, name]) => [name, number]));

/** The name of a state as messages hold it. */
export function accessRequestState(number: RequestState): AccessRequestState {
  return NAMES.get(number) ?? `unknown:${number}`;
}

/**
 * The reverse of {@link accessRequestState}.
 *
 * @throws TeleportError `bad_parameter` for a text that is no state
 */
export function requestStateNumber(state: AccessRequestState): RequestState {
  const known = NUMBERS.get(state);
  if (known !== undefined) return known;
  const number = /^unknown:(\d{1,9})$/.exec(state)?.[1];
  if (number === undefined) {
    throw new TeleportError('bad_parameter', `unknown request state: ${JSON.stringify(state)}`, {
      hint: 'states are pending, approved, denied and promoted',
    });
  }
  return Number(number) as RequestState;
}

/** Whether it is decided: no review changes it any more. */
export function isResolved(state: AccessRequestState): boolean {
  return state === 'approved' || state === 'denied' || state === 'promoted';
}
