import type { RequestState } from '@teleport-ts/api-types/proto/teleport/types/access_request';
import { accessRequestState } from '@teleport-ts/api-types/resources/access-request';

/** A state as filters, texts and events write it, `APPROVED`; a number that is no state as it is. */
export function stateName(state: RequestState): string {
  const name = accessRequestState(state);
  return name.startsWith('unknown:') ? String(state) : name.toUpperCase();
}
