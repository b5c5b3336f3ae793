// What a package costs its users: the packages that come along, how much they hold unpacked, and what an import takes.
// RFD 10 asks that the dependencies of the client stay few or are tracked: the numbers in footprint.json are the most
// that each package may have, to be raised only in a change that says why.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const budgets = JSON.parse(readFileSync(new URL('footprint.json', import.meta.url), 'utf8'));
const IMPORT_ROUNDS = 3;

const manifestOf = (dir) => JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
const isOurs = (name) => name.startsWith('@teleport-ts/');

/** The folder that a package finds a dependency in; undefined for an optional one that is not for this system. */
function folderOf(name, from) {
  for (let dir = from; ; dir = dirname(dir)) {
    const found = join(dir, 'node_modules', name);
    if (existsSync(found)) return realpathSync(found);
    if (dir === dirname(dir)) return undefined;
  }
}

/** All packages that are installed along with the one in `dir`, by folder. */
function closure(dir, known = new Map()) {
  const { dependencies = {}, optionalDependencies = {} } = manifestOf(dir);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = folderOf(name, dir);
    if (!found || known.has(found)) continue;
    known.set(found, name);
    closure(found, known);
  }
  return known;
}

function bytesIn(dir) {
  let bytes = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === '.tsbuildinfo') continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) bytes += bytesIn(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}

/** Unpacked bytes: of a package of ours what is published of it, of another what is installed. */
const sizeOf = (dir, name) => bytesIn(isOurs(name) ? join(dir, 'dist') : dir);

/** Milliseconds of an `import` of the package's main door, above those of an empty program; the median of some rounds. */
function importMs(dir) {
  const { exports, publishConfig } = manifestOf(dir);
  const door = { ...exports, ...publishConfig?.exports }['.'];
  if (!door) return undefined;
  const code = `const s = performance.now(); await import(${JSON.stringify(String(pathToFileURL(join(dir, door.default))))}); process.stdout.write(String(performance.now() - s))`;
  const times = Array.from({ length: IMPORT_ROUNDS }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })),
  );
  return times.sort((a, b) => a - b)[IMPORT_ROUNDS >> 1];
}

/** One line for each published package, and what exceeds its budget. */
export function footprint(published) {
  const lines = [];
  const problems = [];
  const sizes = new Map();
  const size = (dir, name) => {
    if (!sizes.has(dir)) sizes.set(dir, sizeOf(dir, name));
    return sizes.get(dir);
  };
  for (const folder of published) {
    const dir = join(root, 'packages', folder);
    const { name } = manifestOf(dir);
    const others = closure(dir);
    const foreign = [...others.values()].filter((other) => !isOurs(other));
    let bytes = size(dir, name);
    for (const [path, other] of others) bytes += size(path, other);
    const kB = Math.round(bytes / 1000);
    const ms = importMs(dir);
    lines.push(
      `${name}: ${foreign.length} packages of others, ${kB} kB in all${ms === undefined ? '' : `, import ${ms.toFixed(0)} ms`}`,
    );
    const budget = budgets[name];
    if (!budget) problems.push(`${name} has no budget in scripts/footprint.json`);
    else {
      if (foreign.length > budget.packages)
        problems.push(`${name} brings ${foreign.length} packages, at most ${budget.packages}: ${foreign.join(' ')}`);
      if (kB > budget.kB) problems.push(`${name} holds ${kB} kB with all that it brings, at most ${budget.kB}`);
    }
  }
  return { ok: problems.length === 0, output: [...lines, ...problems].join('\n') };
}
