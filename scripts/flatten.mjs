// Run in a package after `tsc -b`: the doors that `publishConfig.exports` points into dist/flat/ become one file each,
// with what they share in one more. Node's module loader takes 1 to 2 ms for every file, so this is what keeps an
// `import` of a package of many small files within its budget. In the workspace the doors stay as tsc wrote them.
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { publishConfig } = JSON.parse(readFileSync('package.json', 'utf8'));
const targets = Object.values(publishConfig.exports ?? {}).map((door) => door.default ?? door);
const doors = targets
  .filter((path) => path.startsWith('./dist/flat/'))
  .map((path) => path.slice('./dist/flat/'.length));
if (doors.length === 0) throw new Error('publishConfig.exports has no door in ./dist/flat/');

rmSync('dist/flat', { recursive: true, force: true });
await build({
  entryPoints: doors.map((door) => `dist/${door}`),
  outdir: 'dist/flat',
  outbase: 'dist',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
});
