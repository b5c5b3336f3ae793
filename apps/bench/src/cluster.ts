import type { Bench } from './bench.ts';
import type { ClusterTimes } from './cluster-start.ts';
import { median } from './measure.ts';
import { startHelper } from './process/helper.ts';
import { ms, perSecond, type Row } from './report.ts';

/** The embedded cluster: it must never be what another benchmark or a test waits for. */
export const cluster: Bench = async ({ quick }) => {
  const times: ClusterTimes[] = [];
  for (let round = 0; round < (quick ? 3 : 10); round++) {
    await using helper = await startHelper<{ certificates: number }, ClusterTimes>('cluster-start', {
      certificates: quick ? 300 : 1000,
    });
    times.push(helper.ready);
  }
  const of = (key: keyof ClusterTimes): number => median(times.map((each) => each[key]));
  const rows: Row[] = [
    {
      what: 'dev-cluster: start to first ping',
      ours: ms(of('firstPingMs')),
      baseline: '300 ms, fixed',
      ratio: of('firstPingMs') / 300,
      budget: { sign: '<=', value: 1 },
    },
    {
      what: 'dev-cluster: X.509 certificates, P-256',
      ours: perSecond(of('tlsPerSecond')),
      baseline: '1000 /s, fixed',
      ratio: of('tlsPerSecond') / 1000,
      budget: { sign: '>=', value: 1 },
    },
    {
      what: 'dev-cluster: X.509 and SSH certificate',
      ours: perSecond(of('pairsPerSecond')),
      baseline: '1000 /s, fixed',
      ratio: of('pairsPerSecond') / 1000,
    },
  ];
  return { rows };
};
