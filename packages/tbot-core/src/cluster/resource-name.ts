import { TeleportError } from '@teleport-ts/api-types';

/** Label with the name that a resource had where the cluster's discovery found it. */
export const DISCOVERED_NAME_LABEL = 'teleport.internal/discovered-name';

/**
 * The predicate that matches one resource by its name, where the name may come from anyone: it cannot become a part of the
 * query.
 *
 * @throws TeleportError `bad_parameter`, see {@link checkName}
 */
export function namePredicate(what: string, name: string): string {
  return `name == ${literal(what, name)}`;
}

/** As {@link namePredicate}, but matches what was discovered under the name too. */
export function nameOrDiscoveredPredicate(what: string, name: string): string {
  const text = literal(what, name);
  return `(name == ${text}) || (labels[${JSON.stringify(DISCOVERED_NAME_LABEL)}] == ${text})`;
}

/**
 * Refuses what no name can hold.
 *
 * @throws TeleportError `bad_parameter` for an empty name, a half of a surrogate pair, or U+FEFF
 */
export function checkName(what: string, name: string): void {
  if (name === '') throw new TeleportError('bad_parameter', `the name of the ${what} is empty`);
  if (/\p{Surrogate}/u.test(name) || name.includes('\ufeff')) {
    throw new TeleportError('bad_parameter', `the name of the ${what} holds a character that no name can hold`, {
      hint: 'half a surrogate pair or U+FEFF: was the name cut, or copied with a byte order mark?',
    });
  }
}

/** JSON's string form means the same to the cluster's parser, except for what is refused here. */
function literal(what: string, name: string): string {
  checkName(what, name);
  return JSON.stringify(name);
}
