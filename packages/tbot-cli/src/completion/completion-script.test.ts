import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commands } from '../program.ts';
import { commandTree } from './command-tree.ts';
import { completionScript, type Shell } from './completion-script.ts';

const tree = commandTree(commands);

/** What a shell prints for a script after the one that completes. */
function run(shell: Shell, script: string, stubs = ''): string {
  const input = `${stubs}\n${completionScript(shell, tree)}\n${script}\n`;
  const { stdout, stderr, status } = spawnSync(shell, ['-c', input], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

const has = (shell: string): boolean => {
  const found = spawnSync(shell, ['--version']).status === 0;
  if (!found) console.log(`completion in ${shell} is not tested: it is not installed`);
  return found;
};

/** What bash offers behind a line, the last word of which is being typed. */
function bash(line: string): string[] {
  const script = `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _tbot; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', script).split('\n').filter(Boolean);
}

test('bash: commands, options with those of the command above, values', () => {
  expect(bash("tbot ''")).toEqual(expect.arrayContaining(['start', 'generate', 'wait', 'ssh-proxy-command', '--help']));
  expect(bash('tbot gen')).toEqual(['generate']);
  expect(bash("tbot generate --socket /s ''")).toEqual(
    expect.arrayContaining(['application', 'app', 'k8s', '--timeout']),
  );
  expect(bash('tbot generate app --app')).toEqual(['--app-name', '--app']);
  expect(bash('tbot generate app --so')).toEqual(['--socket']);
  expect(bash('tbot generate id --app')).toEqual([]);
  expect(bash("tbot status --format ''")).toEqual(['text', 'json']);
  expect(bash('tbot status --format = j')).toEqual(['json']);
  expect(bash("tbot generate app --print ''")).toEqual(['json', 'pem', 'env', 'exec-credential']);
  expect(bash('tbot generate db --format mo')).toEqual(['mongo']);
  expect(bash('tbot completion z')).toEqual(['zsh']);
});

test('bash: names of files where a value is free, commands behind --exec', () => {
  expect(bash("tbot start --config ''")).toEqual([]);
  expect(bash('tbot generate app --exec printf')).toContain('printf');
  expect(completionScript('bash', tree)).toContain('complete -o default -F _tbot tbot');
});

test.skipIf(!has('zsh'))('zsh: the same, each with what it is', () => {
  const zsh = (...words: string[]): string[] => {
    const stubs = `
      compdef() { :; }; _files() { print -r -- FILES; }; _normal() { print -r -- NORMAL; }; compadd() { shift; print -rl -- "$@"; }
      _describe() { local name=\${@[-1]}; print -rl -- \${(P)name}; }
      `;
    const script = `words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; _tbot`;
    return run('zsh', script, stubs).split('\n').filter(Boolean);
  };
  expect(zsh('tbot', '')).toContain('wait:Wait until an agent is ready; its socket need not be there yet');
  expect(zsh('tbot', 'generate', 'app', '-')).toContain('--app-name:Exact name of the application');
  expect(zsh('tbot', 'generate', 'app', '-')).toContain("--ttl:Lifetime, at least 1m [default: the agent's]");
  expect(zsh('tbot', 'status', '--format', '')).toEqual(['text', 'json']);
  expect(zsh('tbot', 'start', '--config', '')).toEqual(['FILES']);
  expect(zsh('tbot', 'generate', 'app', '--exec', '')).toEqual(['NORMAL']);
  expect(zsh('tbot', 'completion', '')).toEqual(['bash', 'zsh', 'fish']);
});

test.skipIf(!has('fish'))('fish: the same', () => {
  const fish = (line: string): string[] => run('fish', `complete -C '${line}'`).split('\n').filter(Boolean);
  expect(fish('tbot wai')).toEqual(['wait\tWait until an agent is ready; its socket need not be there yet']);
  expect(fish('tbot generate app --app-')).toEqual(['--app-name\tExact name of the application']);
  expect(fish('tbot generate app --so')).toHaveLength(1);
  expect(fish('tbot status --format ').map((line) => line.split('\t')[0])).toEqual(['json', 'text']);
  expect(fish('tbot completion ')).toEqual(['bash', 'fish', 'zsh']);
});
