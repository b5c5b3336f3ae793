import { didYouMean } from '@teleport-ts/tbot-core';
import { UsageError } from './exit.ts';

/** What the parser says about a command line that it does not take, in its own words. */
export class ParserRefusal extends UsageError {}

/**
 * The parser's refusal as a user should read it: which word, and what was probably meant.
 *
 * @param help of the innermost command that was understood
 */
export function usageError(refusal: ParserRefusal, argv: readonly string[], help: string): UsageError {
  const [, command = 'tbot'] = /^(tbot(?: [a-z]+)*)/.exec(help) ?? [];
  const more = `\`${command} --help\` shows more`;
  const [, unknown] = /^Unknown (?:argument|command)s?: (.*?)(?:, |$)/.exec(refusal.message) ?? [];
  if (unknown !== undefined) {
    const isOption = argv.some((word) => word.startsWith('-') && word.split('=')[0] === dashed(unknown));
    const near = didYouMean(unknown, isOption ? optionsOf(help) : commandsOf(help));
    const what = isOption ? 'option' : commandsOf(help).length > 0 ? 'command' : 'argument';
    const word = isOption ? dashed(unknown) : JSON.stringify(unknown);
    const hint = near === undefined ? more : `did you mean ${isOption ? dashed(near) : near}? ${more}`;
    return new UsageError(`unknown ${what} ${word}`, hint);
  }
  const [, lonely] = /^Not enough arguments following: (.*)$/.exec(refusal.message) ?? [];
  if (lonely !== undefined) return new UsageError(`${dashed(lonely)} needs a value`, more);
  const [, option, given, choices] = /Argument: (.*?), Given: (.*), Choices: (.*)$/.exec(refusal.message) ?? [];
  if (option !== undefined) {
    return new UsageError(`${dashed(option)} ${given} is none of its values`, `it takes ${choices}`);
  }
  const commands = commandsOf(help);
  const hint = commands.length === 0 ? more : `commands: ${commands.join(', ')}; ${more}`;
  return new UsageError(refusal.message, hint);
}

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

function optionsOf(help: string): string[] {
  return [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+(?:, --[a-z-]+)*)/gm)].flatMap(([, names = '']) =>
    names.split(', ').map((name) => name.slice(2)),
  );
}

function commandsOf(help: string): string[] {
  const [, list = ''] = /^Commands:\n((?: .*\n)*)/m.exec(help) ?? [];
  return [...list.matchAll(/^ {2}tbot (?:[a-z]+ )*?([a-z]+)(?: {2}|$)/gm)].map(([, name = '']) => name);
}
