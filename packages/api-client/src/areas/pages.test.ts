import { TeleportError } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { collected } from '../../test-support/area-cluster.ts';
import { allPages, type FetchPage, onePage } from './pages.ts';

const tooLarge = (): TeleportError => new TeleportError('limit_exceeded', 'message larger than max');

/** Numbers from 0 to `total`, refused above what `limit` lets through from a place on; with the sizes asked for. */
function numbers(total: number, limit: (at: number) => number): { fetch: FetchPage<number>; sizes: number[] } {
  const sizes: number[] = [];
  const fetch: FetchPage<number> = async (size, token) => {
    sizes.push(size);
    const at = Number(token);
    if (size > limit(at)) throw tooLarge();
    const end = Math.min(at + size, total);
    const items = Array.from({ length: end - at }, (_, index) => at + index);
    return { items, nextToken: end < total ? String(end) : '' };
  };
  return { fetch, sizes };
}

test('pages of a thousand, one after the other, each when it is needed', async () => {
  const { fetch, sizes } = numbers(2_500, () => 5_000);
  const items = allPages(fetch);
  expect(sizes).toEqual([]);
  for (let index = 0; index < 1_000; index += 1) await items.next();
  expect(sizes).toEqual([1_000]);
  expect(await collected(items)).toHaveLength(1_500);
  expect(sizes).toEqual([1_000, 1_000, 1_000]);
});

test('a page that is too large for one answer is halved, and grows again where it can', async () => {
  const { fetch, sizes } = numbers(10_000, (at) => (at < 1_000 ? 250 : 1_000));
  expect(await collected(allPages(fetch))).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
  expect(sizes.slice(0, 4)).toEqual([1_000, 500, 250, 250]);
  expect(sizes.at(-1)).toBe(1_000);
  const again = numbers(10_000, () => 250);
  const page = await onePage(again.fetch, { pageSize: 1_000 });
  expect([page.items.length, page.nextToken, again.sizes]).toEqual([250, '250', [1_000, 500, 250]]);
});

test('an item that is too large alone ends the list with an error', async () => {
  const { fetch, sizes } = numbers(10, () => 0);
  await expect(collected(allPages(fetch, { pageSize: 8 }))).rejects.toMatchObject({ code: 'limit_exceeded' });
  expect(sizes).toEqual([8, 4, 2, 1]);
});

test('other errors come as they are, at once', async () => {
  const denied = new TeleportError('access_denied', 'no');
  let calls = 0;
  const fetch: FetchPage<number> = async () => {
    calls += 1;
    throw denied;
  };
  await expect(onePage(fetch)).rejects.toBe(denied);
  await expect(collected(allPages(fetch))).rejects.toBe(denied);
  expect(calls).toBe(2);
});

test('an empty page is not the end, the same page twice is an error', async () => {
  const pages = new Map([
    ['', { items: [], nextToken: 'b' }],
    ['b', { items: [1], nextToken: '' }],
  ]);
  expect(await collected(allPages<number>(async (_, token) => pages.get(token)!))).toEqual([1]);
  const stuck: FetchPage<number> = async () => ({ items: [1], nextToken: 'x' });
  await expect(collected(allPages(stuck))).rejects.toMatchObject({ code: 'unknown' });
});

test.each([0, -1, 1.5, Number.NaN])('a page size of %d is refused', async (pageSize) => {
  const { fetch } = numbers(1, () => 1);
  expect(() => onePage(fetch, { pageSize })).toThrow(/pageSize/);
  await expect(collected(allPages(fetch, { pageSize }))).rejects.toThrow(/pageSize/);
});
