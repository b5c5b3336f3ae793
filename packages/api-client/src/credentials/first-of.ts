import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { coalesced } from './coalesced.ts';
import type { CredentialSet } from './credential-set.ts';
import type { CredentialSource } from './credential-source.ts';

/**
 * The first of several credentials that is there. The next one is asked only when one is absent (`not_found`): what is
 * there and cannot be used is an error, so that nobody calls under another name than was meant. Asked anew each time.
 *
 * ```ts
 * const credentials = firstOf(loadIdentityFile('/opt/machine-id/identity'), loadProfile());
 * ```
 *
 * `current` throws `not_found` when all are absent, and says what was looked for.
 */
export function firstOf(...sources: readonly CredentialSource[]): CredentialSource {
  if (sources.length === 0) throw new TeleportError('bad_parameter', 'firstOf was given no credential source');
  let asked: readonly CredentialSource[] = sources;
  const find = coalesced(async (options) => {
    const absent: unknown[] = [];
    for (const [index, source] of sources.entries()) {
      try {
        const set = await source.current(options);
        asked = sources.slice(0, index + 1);
        return { source, set };
      } catch (error) {
        if (!isTeleportError(error, 'not_found')) {
          asked = sources.slice(0, index + 1);
          throw error;
        }
        absent.push(error);
      }
    }
    asked = sources;
    throw noneFound(absent);
  });
  return {
    kind: 'first-of',
    constant: sources.every(({ constant }) => constant === true),
    current: async (options): Promise<CredentialSet> => (await find(options)).set,
    addresses: async (options) => (await (await find(options)).source.addresses?.(options)) ?? [],
    // One that was absent may come to be there.
    paths: () => asked.flatMap((source) => source.paths?.() ?? []),
    onChange: (changed) => {
      const ends = sources.map((source) => source.onChange?.(changed));
      return () => {
        for (const end of ends) end?.();
      };
    },
  };
}

function noneFound(absent: readonly unknown[]): TeleportError {
  const reasons = absent.map((error) => (isTeleportError(error) ? error.message : String(error)));
  return new TeleportError('not_found', `no credential was found: ${reasons.join('; ')}`, {
    cause: new AggregateError(absent),
    hint: 'one of them must be there; tsh login, tctl auth sign and tbot each make one',
  });
}
