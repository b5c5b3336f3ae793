// `pnpm check`: generated code, types of tests, format, lint, layers, unused
// code, packed exports, footprint, changesets. Each step says its name and its
// time; all run, two at a time, so that one call shows everything that is wrong.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { footprint } from './footprint.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);

function run(command, args, cwd = root) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('exit', (code) => resolve({ ok: code === 0, output }));
  });
}

const published = readdirSync(join(root, 'packages')).filter((name) => {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  return !manifest.private;
});

/** What a user gets: the tarball's exports, files and types, package by package. */
async function packed() {
  const folder = mkdtempSync(join(tmpdir(), 'packed-'));
  try {
    let output = '';
    let ok = true;
    for (const name of published) {
      const dir = join(root, 'packages', name);
      const pack = await run('pnpm', ['pack', '--pack-destination', folder], dir);
      if (!pack.ok) return pack;
      const tarball = readdirSync(folder).find((file) => file.includes(`-${name}-1.`));
      const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
      const steps = [await run(bin('publint'), ['run', join(folder, tarball), '--strict'])];
      const list = await run('tar', ['tzf', join(folder, tarball)]);
      const stray = list.output.split('\n').filter((path) => /\.test\.|testdata|\/src\/|tsbuildinfo/.test(path));
      if (stray.length > 0) steps.push({ ok: false, output: `files that must not be packed: ${stray.join(' ')}` });
      for (const need of ['package/LICENSE', 'package/README.md']) {
        if (!list.output.includes(need)) steps.push({ ok: false, output: `${need} is missing` });
      }
      if (Object.keys(manifest.exports ?? {}).some((key) => key !== './package.json')) {
        const patterns = Object.keys(manifest.exports).filter((key) => /\*|\.json$|\.proto$/.test(key));
        const excluded = patterns.flatMap((key) => ['--exclude-entrypoints', key]);
        steps.push(await run(bin('attw'), [join(folder, tarball), '--profile', 'esm-only', '--no-emoji', ...excluded]));
      }
      for (const step of steps) {
        if (step.ok) continue;
        ok = false;
        output += `${name}:\n${step.output}\n`;
      }
    }
    return { ok, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where imports may go. A run that read hardly anything has checked nothing, and must not pass. */
async function layers() {
  const { ok, output } = await run(bin('depcruise'), ['--config', '.dependency-cruiser.cjs', 'packages', 'apps']);
  const modules = Number(/(\d+) modules/.exec(output)?.[1] ?? 0);
  if (modules < 100) return { ok: false, output: `only ${modules} modules were read:\n${output}` };
  return { ok, output };
}

/** RFD 10: a release is `patch`; `minor` belongs to a new Teleport major; `major` never (docs/decisions). */
async function changesets() {
  const known = new Set(published.map((name) => `@teleport-ts/${name}`));
  const problems = [];
  for (const file of readdirSync(join(root, '.changeset'))) {
    if (!file.endsWith('.md') || file === 'README.md') continue;
    const head = readFileSync(join(root, '.changeset', file), 'utf8').split('---')[1] ?? '';
    for (const line of head.split('\n').filter((text) => text.trim() !== '')) {
      const [, name, bump] = /^\s*["']?([^"':]+)["']?\s*:\s*(\w+)/.exec(line) ?? [];
      if (!known.has(name)) problems.push(`${file}: ${line.trim()} does not name a published package`);
      if (bump !== 'patch')
        problems.push(`${file}: ${name} says ${bump}; a release within a Teleport major is a patch`);
    }
  }
  return { ok: problems.length === 0, output: problems.join('\n') };
}

const steps = [
  ['generated code', () => run(process.execPath, ['scripts/generate.mjs', '--check'])],
  ['types of tests', () => run(bin('tsc'), ['-p', 'tsconfig.tests.json'])],
  ['format and lint', () => run(bin('biome'), ['ci', '--colors=off', '.'])],
  ['promises', () => run(bin('oxlint'), ['--type-aware', '--deny-warnings', '--format=unix', 'packages', 'apps'])],
  ['layers', layers],
  ['unused code', () => run(bin('knip'), ['--no-progress'])],
  ['packed exports', packed],
  // It measures imports: nothing beside it.
  ['footprint', async () => footprint(published), { alone: true, tells: true }],
  ['changesets', changesets],
];

const only = process.argv[2];
const chosen = steps.filter(([name]) => !only || name === only);
const results = new Map();

/** Runs steps, two at a time; most wait for one processor while another is idle. */
async function runSteps(queue, width) {
  const next = async () => {
    for (let step = queue.shift(); step; step = queue.shift()) {
      const [name, work] = step;
      const started = Date.now();
      results.set(name, { ...(await work()), seconds: ((Date.now() - started) / 1000).toFixed(1) });
    }
  };
  await Promise.all(Array.from({ length: width }, next));
}

await runSteps(
  chosen.filter(([, , options]) => !options?.alone),
  2,
);
await runSteps(
  chosen.filter(([, , options]) => options?.alone),
  1,
);

let failed = 0;
for (const [name, , options] of chosen) {
  const { ok, output, seconds } = results.get(name);
  console.log(`check: ${name} ${ok ? 'ok' : 'FAILED'} (${seconds} s)`);
  if (!ok) failed += 1;
  if (!ok || options?.tells) console.log(output.trim().split('\n').slice(0, 200).join('\n'));
}
console.log(failed === 0 ? 'check: ok' : `check: ${failed} of ${chosen.length} steps failed`);
process.exit(failed === 0 ? 0 : 1);
