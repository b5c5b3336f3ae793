import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Announcement } from './shell/announcement.ts';
import { RunningProgram, runProgram } from './testing/program.ts';
import { TemporaryDirectory } from './testing/temporary-directory.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

const start = (dataDir: string, ...more: string[]): RunningProgram =>
  new RunningProgram(process.execPath, [MAIN, 'start', '--data-dir', dataDir, ...more]);

async function announced(program: RunningProgram): Promise<Announcement> {
  await program.printed(/^\{.*\}\n/);
  return JSON.parse(program.output) as Announcement;
}

describe('dev-cluster start', () => {
  it('says in one line where it is, and comes back at the same place after a kill', async () => {
    await using directory = await TemporaryDirectory.create();
    const data = directory.join('data');
    let before: Announcement;
    {
      await using program = start(data, '--name', 'shell.test', '--bot', 'ci:deployer', '--app', 'foo', '--json');
      before = await announced(program);
      expect(before).toMatchObject({
        name: 'shell.test',
        applications: [{ name: 'foo', publicAddr: 'foo.localhost' }],
      });
      expect(before.caPins).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
      expect(before.tokens.ci).toMatch(/^[0-9a-f]{32}$/);
      expect(existsSync(before.webCaPath ?? '')).toBe(true);
      program.kill('SIGKILL');
      await program.finished;
    }
    await using program = start(data, '--json');
    const after = await announced(program);
    const { tokens: _before, ...kept } = before;
    const { tokens: _after, ...found } = after;
    expect(found).toEqual(kept);
    expect(after.tokens).toEqual({});

    program.kill('SIGTERM');
    const { code, stderr } = await program.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('tells people how to join, and has its data directory for itself', async () => {
    await using directory = await TemporaryDirectory.create();
    await using program = start(directory.join('data'), '--bot', 'ci:deployer');
    await program.printed('stop it with ctrl-c\n');
    expect(program.output).toMatch(/tbot start -c tbot.yaml --join-method token --token [0-9a-f]{32} --ca-pin sha256:/);
    await using second = start(directory.join('data'));
    expect(await second.finished).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^error: data directory .* is used by the dev-cluster with pid \d+\nhint: stop it first, or .*\n$/,
      ),
    });
    program.kill('SIGINT');
    expect((await program.finished).code).toBe(0);
  });

  // All else that can be wrong with the arguments: shell/program.test.ts.
  it('explains what is wrong with its arguments', async () => {
    expect(await runProgram(process.execPath, [MAIN])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: say what to do: a command is missing\nhint: /),
    });
  });
});
