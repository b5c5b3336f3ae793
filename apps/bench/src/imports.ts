import { interleaved, median, nodeRun, ratio } from './measure.ts';
import { ms, type Row } from './report.ts';

const modules = {
  grpc: '@grpc/grpc-js',
  types: '@teleport-ts/api-types',
  client: '@teleport-ts/api-client',
  core: '@teleport-ts/tbot-core',
  socket: '@teleport-ts/tbot-core/client',
  daemon: '@teleport-ts/tbot-daemon',
} as const;

/** What `import` of each package adds to a bare start of Node. */
export async function imports(rounds: number): Promise<Row[]> {
  const start = (code: string) => () => nodeRun(['--input-type=module', '-e', code], {});
  const arms = { bare: start('0') } as Record<'bare' | keyof typeof modules, () => Promise<number>>;
  for (const [name, module] of Object.entries(modules)) {
    arms[name as keyof typeof modules] = start(`import ${JSON.stringify(import.meta.resolve(module))}`);
  }
  const values = await interleaved(arms, rounds);
  const cost = (name: keyof typeof modules): number[] =>
    values[name].map((value, round) => Math.max(0.1, value - (values.bare[round] as number)));
  const grpc = cost('grpc');
  const row = (name: keyof typeof modules, budget?: Row['budget']): Row => ({
    what: `import ${modules[name]}`,
    ours: ms(median(cost(name))),
    baseline: `${ms(median(grpc))} import ${modules.grpc}`,
    ratio: ratio(cost(name), grpc),
    ...(budget ? { budget } : {}),
  });
  return [
    {
      what: `import ${modules.types}`,
      ours: ms(median(cost('types'))),
      baseline: '25 ms, fixed',
      ratio: median(cost('types')) / 25,
      budget: { sign: '<=', value: 1 },
    },
    row('client', { sign: '<=', value: 1.25 }),
    row('socket', { sign: '<=', value: 0.7 }),
    row('core'),
    row('daemon'),
  ];
}
