import { isTeleportError, TeleportError } from '@teleport-ts/api-types';

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; empty after the last one. Opaque, and good for the same query only. */
  readonly nextToken: string;
}

/** Which part of a list. */
export interface PageQuery {
  /** At most so many at once. Default 1000; fewer come where the server says that so many are too much for one answer. */
  readonly pageSize?: number;
  /** The `nextToken` of the page before. Default: the first page. */
  readonly pageToken?: string;
}

/** Asks for at most `size` items from a place in the list. */
export type FetchPage<T> = (size: number, token: string) => Promise<Page<T>>;

const DEFAULT_SIZE = 1000;
/** After so many pages of a reduced size a larger one is tried again: what was too large may lie behind. */
const GROW_AFTER = 8;

/** How many items to ask for: as many as wanted, fewer after an answer that was too large. */
class PageSize {
  readonly #wanted: number;
  #size: number;
  #good = 0;

  constructor(wanted: number = DEFAULT_SIZE) {
    if (!Number.isInteger(wanted) || wanted < 1) {
      throw new TeleportError('bad_parameter', `pageSize ${wanted} is no number of items above zero`);
    }
    this.#wanted = wanted;
    this.#size = wanted;
  }

  get current(): number {
    return this.#size;
  }

  /** @returns whether there is a smaller one */
  shrink(): boolean {
    if (this.#size === 1) return false;
    this.#size = Math.max(1, Math.floor(this.#size / 2));
    this.#good = 0;
    return true;
  }

  succeeded(): void {
    if (this.#size === this.#wanted || ++this.#good < GROW_AFTER) return;
    this.#size = Math.min(this.#wanted, this.#size * 2);
    this.#good = 0;
  }
}

/**
 * One page, of half the size and again of half of that as long as the answer is too large.
 *
 * @throws TeleportError `limit_exceeded` when even one item is
 */
export function onePage<T>(fetch: FetchPage<T>, { pageSize, pageToken = '' }: PageQuery = {}): Promise<Page<T>> {
  return fetched(fetch, new PageSize(pageSize), pageToken);
}

/**
 * All items from a page on. No more than one page is held, and the next one is asked for when the last item of the one
 * before was taken.
 */
export async function* allPages<T>(
  fetch: FetchPage<T>,
  { pageSize, pageToken = '' }: PageQuery = {},
): AsyncGenerator<T, void, undefined> {
  const size = new PageSize(pageSize);
  let token = pageToken;
  do {
    const { items, nextToken } = await fetched(fetch, size, token);
    // By index: `yield*` holds on to the page until it is used for the next one.
    for (let index = 0; index < items.length; index += 1) yield items[index] as T;
    if (nextToken !== '' && nextToken === token) {
      throw new TeleportError('unknown', 'the server answers the same page again and again');
    }
    token = nextToken;
  } while (token !== '');
}

async function fetched<T>(fetch: FetchPage<T>, size: PageSize, token: string): Promise<Page<T>> {
  for (;;) {
    try {
      const page = await fetch(size.current, token);
      size.succeeded();
      return page;
    } catch (error) {
      if (!isTeleportError(error, 'limit_exceeded') || !size.shrink()) throw error;
    }
  }
}
