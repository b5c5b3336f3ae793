import type { Caller } from '../calls/caller.ts';
import { type Reflector, type ReflectorOptions, reflector } from '../watch/reflector.ts';
import type { WatchedKind } from '../watch/watched-kind.ts';
import * as areas from './areas.ts';

type Areas = typeof areas;
// biome-ignore lint/suspicious/noExplicitAny: any call that begins with a client, whatever follows
type CallOn = (client: Caller, ...rest: any[]) => unknown;
type CallName = { [N in keyof Areas]: Areas[N] extends CallOn ? N : never }[keyof Areas];

/** Every call of the areas as a method: `listNodes(client, query)` becomes `client.listNodes(query)`. */
export type AreaCalls = {
  readonly [N in CallName]: Areas[N] extends (client: Caller, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
} & {
  /** See `reflector` of `@teleport-ts/api-client/watch`. */
  readonly reflector: <T>(kind: WatchedKind<T>, options?: ReflectorOptions<T>) => Reflector<T>;
};

/** The calls of all areas on one client. */
export function areaCalls(client: Caller): AreaCalls {
  const bound = Object.entries({ ...areas, reflector }).map(([name, call]) => [
    name,
    (...rest: unknown[]) => (call as CallOn)(client, ...rest),
  ]);
  return Object.fromEntries(bound) as AreaCalls;
}
