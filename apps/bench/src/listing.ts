import type { Bench } from './bench.ts';
import { type ListingReady, listingClient, listPage } from './cluster-listing.ts';
import { interleaved, median, ratio } from './measure.ts';
import { startHelper } from './process/helper.ts';
import { ms } from './report.ts';

const RESOURCES = 10_000;
const PAGE = 1000;

/** The embedded cluster's lists, which it filters by the caller's roles, beside a server that only sends their bytes. */
export const listing: Bench = async ({ quick }) => {
  await using helper = await startHelper<{ resources: number; page: number }, ListingReady>('cluster-listing', {
    resources: RESOURCES,
    page: PAGE,
  });
  const { caller, requests } = helper.ready;
  const clients = [listingClient(helper.ready.ours, caller), listingClient(helper.ready.bare, caller)] as const;
  const walk = (client: (typeof clients)[number]) => async (): Promise<number> => {
    const began = performance.now();
    for (const request of requests) await listPage(client, request);
    return performance.now() - began;
  };
  try {
    const arms = { ours: walk(clients[0]), bare: walk(clients[1]) };
    await interleaved(arms, 3); // until both are compiled
    const times = await interleaved(arms, quick ? 5 : 21);
    return {
      rows: [
        {
          what: `dev-cluster: list ${RESOURCES} databases, pages of ${PAGE}`,
          ours: ms(median(times.ours)),
          baseline: `${ms(median(times.bare))}, the same bytes by grpc-js`,
          ratio: ratio(times.ours, times.bare),
        },
      ],
    };
  } finally {
    for (const client of clients) client.close();
  }
};
