import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { RunningProgram, runProgram } from '../testing/program.ts';
import { TemporaryDirectory } from '../testing/temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

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

it('the commands of the README work, one after the other', { timeout: 120_000 }, async () => {
  await using directory = await TemporaryDirectory.create();
  const shell = (line: string): string[] => [
    '-c',
    line.replace('pnpm dev-cluster', `exec "${process.execPath}" "${MAIN}"`),
  ];
  const env = { DEV_CLUSTER_DATA_DIR: './cluster' };
  const { start, others } = await commandLines();
  expect(start).toHaveLength(1);
  await using cluster = new RunningProgram('sh', shell(start[0] as string), { cwd: directory.path });
  await cluster.printed('stop it with ctrl-c\n');
  expect(others.length).toBeGreaterThan(8);
  for (const line of others) {
    const { code, stdout, stderr } = await runProgram('sh', shell(line), { cwd: directory.path, env });
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
});
