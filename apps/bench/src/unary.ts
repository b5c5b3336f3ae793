import { Client, credentials } from '@grpc/grpc-js';
import { connect, loadTLS } from '@teleport-ts/api-client';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { PingRequest, PingResponse } from '@teleport-ts/api-types/proto/teleport/proto/ping';
import type { StubReady } from './agent/auth-stub.ts';
import type { Bench } from './bench.ts';
import { interleaved, load, median, ratio } from './measure.ts';
import { startHelper } from './process/helper.ts';
import { perSecond, type Row } from './report.ts';

const PingDefinition = {
  name: 'AuthService',
  fullName: 'proto.AuthService',
  methods: {
    ping: {
      name: 'Ping',
      requestType: PingRequest,
      requestStream: false,
      responseType: PingResponse,
      responseStream: false,
    },
  },
} as const;

/** Calls of the client beside those of grpc-js itself, to one server over the same TLS. */
export const unary: Bench = async ({ quick }) => {
  await using stub = await startHelper<void, StubReady>('auth-stub', undefined);
  const { address, client: mine } = stub.ready;
  await using ours = await connect({ addresses: [address], credentials: loadTLS(mine) });
  const bare = new Client(
    address,
    credentials.createSsl(Buffer.from(mine.ca), Buffer.from(mine.key), Buffer.from(mine.cert)),
    { 'grpc.ssl_target_name_override': 'teleport.cluster.local', 'grpc.enable_http_proxy': 0 },
  );
  const method = toMethodDefinition(PingDefinition, 'ping');
  const bareCall = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method;
      bare.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        PingRequest.fromPartial({}),
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  const ourCall = (): Promise<unknown> => ours.unary(PingDefinition, 'ping', {});
  const rows: Row[] = [];
  try {
    for (const width of [1, 32]) {
      const calls = width === 1 ? 300 : 1500;
      const arms = {
        ours: async () => (await load(ourCall, calls, width)).perSecond,
        bare: async () => (await load(bareCall, calls, width)).perSecond,
      };
      await interleaved(arms, 3); // until both are compiled
      const values = await interleaved(arms, quick ? 7 : 21);
      rows.push({
        what: `api-client: Ping, ${width} in flight`,
        ours: perSecond(median(values.ours)),
        baseline: `${perSecond(median(values.bare))} grpc-js`,
        ratio: ratio(values.ours, values.bare),
        budget: { sign: '>=', value: 0.95 },
      });
    }
  } finally {
    bare.close();
  }
  return { rows };
};
