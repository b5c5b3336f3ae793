// The file behind the `tbot` command: one CommonJS file with what `tbot generate` needs. The program with all other
// commands is left outside, and found beside it and in node_modules when it is asked for.
import { chmod } from 'node:fs/promises';
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
  // `import('./program.js')`, relative to the bundle.
  plugins: [
    {
      name: 'program-outside',
      setup({ onResolve }) {
        onResolve({ filter: /^\.\/program\.ts$/ }, () => ({ path: './program.js', external: true }));
      },
    },
  ],
});
await chmod(outfile, 0o755);
