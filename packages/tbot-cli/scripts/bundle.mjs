// The file behind the `tbot` command: one CommonJS file with what `tbot generate` needs. What is imported
// only when it is asked for, as the program with all other commands, is left outside.
import { chmod } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outfile = `${root}dist/tbot.cjs`;

await build({
  entryPoints: [`${root}src/main.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  banner: { js: '#!/usr/bin/env node' },
  // For a client of the cluster, which no command in this file asks for.
  external: ['@teleport-ts/api-client'],
  // What the command itself imports while it runs, such as `./program.js`: found beside the bundle, where tsc has put it.
  plugins: [
    {
      name: 'loaded-later-outside',
      setup({ onResolve }) {
        onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind, resolveDir }) => {
          const source = join(root, 'src/');
          if (kind !== 'dynamic-import' || !`${resolveDir}/`.startsWith(source)) return undefined;
          const built = relative(source, join(resolveDir, path)).replace(/\.ts$/, '.js');
          return { path: `./${built}`, external: true };
        });
        // So does what tbot-core imports of other packages while it runs; they are dependencies of this one too.
        onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
          kind === 'dynamic-import' ? { path, external: true } : undefined,
        );
      },
    },
  ],
});
await chmod(outfile, 0o755);
