import { Client, credentials } from '@grpc/grpc-js';
import { connect, loadTLS } from '@teleport-ts/api-client';
import { watch as openWatch } from '@teleport-ts/api-client/watch';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { Watch } from '@teleport-ts/api-types/proto/teleport/proto/event';
import type { StubReady } from './agent/auth-stub.ts';
import type { Bench } from './bench.ts';
import { interleaved, median, ratio } from './measure.ts';
import { startHelper } from './process/helper.ts';
import { perSecond } from './report.ts';

const EVENTS = 3_000;

/** Changes read by a watch of the client beside those read from a bare stream of grpc-js, decoded by the same code. */
export const watch: Bench = async ({ quick }) => {
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const { address, client: mine } = stub.ready;
  await using ours = await connect({ addresses: [address], credentials: loadTLS(mine) });
  const bare = new Client(
    address,
    credentials.createSsl(Buffer.from(mine.ca), Buffer.from(mine.key), Buffer.from(mine.cert)),
    { 'grpc.ssl_target_name_override': 'teleport.cluster.local', 'grpc.enable_http_proxy': 0 },
  );
  const { path, requestSerialize, responseDeserialize } = toMethodDefinition(AuthServiceDefinition, 'watchEvents');
  const request = Watch.fromPartial({ Kinds: [{ Kind: 'role' }] });
  const timed = async (read: () => Promise<AsyncIterable<unknown>>): Promise<number> => {
    const events = await read();
    const started = performance.now();
    let left = EVENTS;
    for await (const _ of events) {
      left -= 1;
      if (left === 0) break;
    }
    return (EVENTS / (performance.now() - started)) * 1000;
  };
  const arms = {
    ours: () => timed(() => openWatch(ours, ['role'])),
    bare: () =>
      timed(async () => {
        const call = bare.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
        // Its status comes after the loop was left.
        call.on('error', () => {});
        return call;
      }),
  };
  try {
    await interleaved(arms, 3); // until both are compiled
    const values = await interleaved(arms, quick ? 5 : 21);
    return {
      rows: [
        {
          what: 'api-client: changes of a watch',
          ours: perSecond(median(values.ours)),
          baseline: `${perSecond(median(values.bare))} grpc-js`,
          ratio: ratio(values.ours, values.bare),
          budget: { sign: '>=', value: 0.9 },
        },
      ],
    };
  } finally {
    bare.close();
  }
};
