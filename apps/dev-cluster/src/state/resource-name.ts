import { badParameter } from '../errors.ts';

/**
 * Refuses names that could not be one part of a key of the real one's store.
 *
 * @throws TeleportError `bad_parameter`, naming the key
 */
export function checkResourceName(before: string, name: string, after = ''): void {
  if (/^[0-9A-Za-z@_:.\-+]*$/.test(name) && name !== '.' && name !== '..') return;
  throw badParameter(
    'special characters are not allowed in resource names, please use name composed only from characters, hyphens, ' +
      `dots, and plus signs: ${JSON.stringify(before + name + after)}`,
  );
}
