import { TeleportError } from '@teleport-ts/api-types';

/**
 * The predicate that matches one resource by its name, where the name may come from anyone: it cannot become a part of the
 * query. JSON's string form means the same to the cluster's parser, except for what is refused here.
 *
 * @throws TeleportError `bad_parameter` for an empty name, a half of a surrogate pair, or U+FEFF
 */
export function namePredicate(what: string, name: string): string {
  if (name === '') throw new TeleportError('bad_parameter', `the name of the ${what} is empty`);
  if (/\p{Surrogate}/u.test(name) || name.includes('\ufeff')) {
    throw new TeleportError('bad_parameter', `the name of the ${what} holds a character that no name can hold`, {
      hint: 'half a surrogate pair or U+FEFF: was the name cut, or copied with a byte order mark?',
    });
  }
  return `name == ${JSON.stringify(name)}`;
}
