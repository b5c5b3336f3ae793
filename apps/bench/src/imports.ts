import { cpSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';
import { interleaved, median, ratio } from './measure.ts';
import { Scratch } from './process/leftovers.ts';
import { runNode } from './process/run-node.ts';
import { ms, type Row } from './report.ts';

const PACKAGES = ['api-types', 'api-client', 'tbot-core', 'tbot-daemon'] as const;

const modules = {
  grpc: '@grpc/grpc-js',
  types: '@teleport-ts/api-types',
  client: '@teleport-ts/api-client',
  core: '@teleport-ts/tbot-core',
  socket: '@teleport-ts/tbot-core/client',
  daemon: '@teleport-ts/tbot-daemon',
} as const;

/** What `import` of each package adds to a bare start of Node, the packages laid out as an installation has them. */
export const imports: Bench = async ({ quick }) => {
  using scratch = new Scratch();
  install(scratch.path);
  const start = (code: string) => async (): Promise<number> =>
    (await runNode(['--input-type=module', '-e', code], { cwd: scratch.path })).wallMs;
  const arms = { bare: start('0') } as Record<'bare' | keyof typeof modules, () => Promise<number>>;
  for (const [name, module] of Object.entries(modules)) {
    arms[name as keyof typeof modules] = start(`import ${JSON.stringify(module)}`);
  }
  await interleaved(arms, 1); // files into the page cache
  const values = await interleaved(arms, quick ? 7 : 25);
  const cost = (name: keyof typeof modules): number[] =>
    values[name].map((value, round) => Math.max(0.1, value - (values.bare[round] as number)));
  const grpc = cost('grpc');
  const row = (name: keyof typeof modules, budget?: number): Row => ({
    what: `import ${modules[name]}`,
    ours: ms(median(cost(name))),
    baseline: `${ms(median(grpc))} import ${modules.grpc}`,
    ratio: ratio(cost(name), grpc),
    ...(budget !== undefined && { budget: { sign: '<=', value: budget } }),
  });
  const types = median(cost('types'));
  return {
    rows: [
      {
        what: `import ${modules.types}`,
        ours: ms(types),
        baseline: `25 ms, fixed (bare start ${ms(median(values.bare))})`,
        ratio: types / 25,
        budget: { sign: '<=', value: 1 },
      },
      row('client', 1.25),
      row('socket', 0.7),
      row('core'),
      row('daemon'),
    ],
  };
};

/**
 * Lays the packages out as pnpm packs them: `publishConfig` over the manifest, and the files that are built. Third-party
 * packages are links to those of this workspace.
 */
function install(folder: string): void {
  const modulesFolder = join(folder, 'node_modules');
  const here = createRequire(import.meta.url);
  for (const name of PACKAGES) {
    const source = dirname(here.resolve(`@teleport-ts/${name}/package.json`));
    const target = join(modulesFolder, '@teleport-ts', name);
    mkdirSync(target, { recursive: true });
    cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true });
    const { publishConfig = {}, ...manifest } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
    const { access: _access, ...published } = publishConfig;
    writeFileSync(join(target, 'package.json'), JSON.stringify({ ...manifest, ...published }, null, 2));
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (dependency.startsWith('@teleport-ts/')) continue;
      const link = join(modulesFolder, dependency);
      mkdirSync(dirname(link), { recursive: true });
      try {
        symlinkSync(realpathSync(join(source, 'node_modules', dependency)), link, 'dir');
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const optional = dependency in (manifest.optionalDependencies ?? {});
        if (code !== 'EEXIST' && !(code === 'ENOENT' && optional)) throw error;
      }
    }
  }
}
