import { expect, test } from 'vitest';
import type { Argv, CommandModule } from 'yargs';
import { generateCommandWith } from './commands/generate.ts';
import { sshProxyCommandWith } from './commands/ssh-proxy-command.ts';
import { allCommands, commandTree } from './completion/command-tree.ts';
import { planGenerate } from './generate/plan.ts';
import { commands, createProgram } from './program.ts';
import { planSshProxy } from './ssh-proxy/plan.ts';

// What a help shows must be what the command takes.

const tree = commandTree(commands);

/** Splits a line as a shell does, as far as examples go: quotes, and what ends a command. */
function commandsOf(line: string): string[][] {
  const words: string[][] = [[]];
  for (const [, operator, single, double, plain] of line.matchAll(
    /(&&|\||>|<\(|\))|'([^']*)'|"([^"]*)"|((?:[^\s'"&|<>()]|'[^']*')+)/g,
  )) {
    if (operator) words.push([]);
    else words.at(-1)!.push((single ?? double ?? plain ?? '').replace(/'/g, ''));
  }
  return words.filter((command) => command.length > 0);
}

/** The arguments of each `tbot` in an example, those of a ProxyCommand among them. */
function linesOf(example: string): string[][] {
  return commandsOf(example.replaceAll('$0', 'tbot')).flatMap((words) => {
    const nested = words.filter((word) => word.includes('=tbot ')).map((word) => word.slice(word.indexOf('=') + 1));
    const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    const own = words[first] === 'tbot' ? [words.slice(first + 1)] : [];
    return [
      ...own,
      ...nested.map((line) =>
        // OpenSSH fills these in.
        line.replace('%h', 'web-1').replace('%p', '22').replace('%r', 'root').split(' ').slice(1),
      ),
    ];
  });
}

/** The same command, down to the last, with a handler that only says that it was understood. */
function harmless(module: CommandModule, understood: () => void): CommandModule {
  return {
    ...module,
    builder: (yargs: Argv): Argv => {
      const command = yargs.command.bind(yargs) as (...args: unknown[]) => Argv;
      yargs.command = ((more: CommandModule | readonly CommandModule[]) =>
        command([more].flat().map((each) => harmless(each, understood)))) as Argv['command'];
      return (module.builder as (yargs: Argv) => Argv)(yargs);
    },
    handler: understood,
  };
}

const env = { TBOT_SOCKET: '/run/tbot.sock' };

/** Everything up to what would be done: of the two that judge their arguments, the judgement too. */
async function understands(argv: readonly string[]): Promise<boolean> {
  let isUnderstood = false;
  const understood = (): void => {
    isUnderstood = true;
  };
  const judged: Record<string, CommandModule> = {
    generate: generateCommandWith(async (given) => {
      planGenerate(given, env);
      understood();
      return 0;
    }),
    'ssh-proxy-command': sshProxyCommandWith(async (given) => {
      planSshProxy(given, env);
      understood();
    }),
  };
  const list = commands.map((module) => judged[String(module.command)] ?? harmless(module, understood));
  await createProgram(argv, list).parseAsync();
  return isUnderstood;
}

const all = allCommands(tree).flatMap(({ path, command }) =>
  command.examples.map((example) => ({ of: path.join(' '), example })),
);

test('every command has an example', () => {
  const without = allCommands(tree).filter(({ command }) => command.examples.length === 0);
  expect(without.map(({ path }) => path.join(' ')).filter(Boolean)).toEqual([]);
});

test.each(all)('$of: $example', async ({ example }) => {
  const lines = linesOf(example);
  expect(lines).not.toEqual([]);
  for (const argv of lines) expect(await understands(argv), argv.join(' ')).toBe(true);
});

test('the examples of the program itself', async () => {
  const help = await createProgram(['--help']).getHelp();
  const section = help.slice(help.indexOf('Examples:'));
  expect(section).toMatch(/tbot start/);
});
