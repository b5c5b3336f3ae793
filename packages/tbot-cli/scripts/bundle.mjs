// The files behind the `tbot` command: one CommonJS file with what `tbot generate` needs, and one with what
// `tbot ssh-proxy-command` needs. What is imported only when it is asked for, as the program with all other commands, is
// left outside.
import { chmod } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src/');
const outfile = join(root, 'dist/tbot.cjs');

/** What the command itself imports while it runs, such as `./program.js`: found beside the bundle, where tsc has put it. */
const loadedLaterOutside = {
  name: 'loaded-later-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import' || !`${resolveDir}/`.startsWith(source)) return undefined;
      const built = relative(source, join(resolveDir, path)).replace(/\.ts$/, '.js');
      return { path: `./${built}`, external: true };
    });
    // So does what other packages import of others while they run; they are dependencies of this one too.
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  minify: true,
  legalComments: 'none',
  plugins: [loadedLaterOutside],
};

await build({
  ...common,
  entryPoints: [join(source, 'ssh-proxy/main.ts')],
  outfile: join(root, 'dist/ssh-proxy.cjs'),
  // A package that looks for its own manifest.
  define: { 'import.meta.url': '__fileUrl' },
  banner: { js: "const __fileUrl=require('node:url').pathToFileURL(__filename).href;" },
});
await build({
  ...common,
  entryPoints: [join(source, 'main.ts')],
  outfile,
  // For a client of the cluster, which no command in this file asks for.
  external: ['@teleport-ts/api-client'],
  banner: {
    js: "#!/usr/bin/env node\nif(process.argv[2]==='ssh-proxy-command')return require('./ssh-proxy.cjs');",
  },
});
await chmod(outfile, 0o755);
