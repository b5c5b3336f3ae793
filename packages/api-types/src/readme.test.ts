// Each example of the README runs, and prints what its comments say.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '..');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/## ([^\n]+)\n(?:(?!\n## )[\s\S])*?```ts\n([\s\S]*?)```/g)];

describe('README', () => {
  it('has its examples', () => {
    expect(examples.length).toBe(readme.split('```ts').length - 1);
  });

  it.each(examples.map(([, section, code]) => ({ section, code: code ?? '' })))('$section', async ({ code }) => {
    const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(promised.length).toBeGreaterThan(0);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
      cwd: folder,
    });
    expect(stdout.trimEnd().split('\n')).toEqual(promised);
  });
});
