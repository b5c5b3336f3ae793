import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runInProcess } from '../testing/in-process.ts';
import { RunningProgram, runProgram } from '../testing/program.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** The same, without a process for each command. */
const PROGRAM = new URL('../../dist/shell/program.js', import.meta.url).href;

/** The command lines of the README, those that start a cluster and the others. */
async function commandLines(): Promise<{ start: string[]; others: string[] }> {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, lines = '']) => lines);
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('pnpm dev-cluster '));
  return {
    start: lines.filter((line) => line.includes(' start ')),
    others: lines.filter((line) => !line.includes(' start ')),
  };
}

/** The words of command lines, as a shell takes them apart. */
async function wordsOf(lines: readonly string[]): Promise<string[][]> {
  const script = ['pnpm() { shift; printf "%s\\0" "$@"; printf "\\n"; }', ...lines].join('\n');
  const { code, stdout, stderr } = await runProgram('sh', ['-c', script]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const words = stdout.split('\n').slice(0, -1);
  expect(words).toHaveLength(lines.length);
  return words.map((line) => line.split('\0').slice(0, -1));
}

it('the commands of the README work, one after the other', { timeout: 120_000 }, async () => {
  await using directory = await TemporaryDirectory.create();
  const { start, others } = await commandLines();
  expect(start).toHaveLength(1);
  const [startWords] = (await wordsOf(start)) as [string[]];
  await using cluster = new RunningProgram(process.execPath, [MAIN, ...startWords], { cwd: directory.path });
  await cluster.printed('stop it with ctrl-c\n');
  expect(others.length).toBeGreaterThan(8);
  const { runCommandLine } = (await import(PROGRAM)) as typeof import('./program.ts');
  const options = { cwd: directory.path, env: { DEV_CLUSTER_DATA_DIR: './cluster' } };
  for (const [index, words] of (await wordsOf(others)).entries()) {
    const { code, stdout, stderr } = await runInProcess(runCommandLine, words, options);
    expect({ line: others[index], code, stderr }).toEqual({ line: others[index], code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
});
