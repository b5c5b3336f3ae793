import { didYouMean } from '@teleport-ts/api-types';
import { UsageError } from './exit.ts';

/** What the parser says about a command line that it does not take, in its own words. */
export class ParserRefusal extends UsageError {}

/**
 * The parser's refusal as a user should read it: which word, and what was probably meant.
 *
 * @param help of the innermost command that was understood
 */
export function usageError(refusal: ParserRefusal, argv: readonly string[], help: string): UsageError {
  const [, level = 'tbot'] = /^(tbot(?: [a-z-]+)*)/.exec(help) ?? [];
  const more = `\`${level} --help\` shows more`;
  const unknowns = /^Unknown (?:argument|command)s?: (.*)$/.exec(refusal.message)?.[1]?.split(', ');
  if (unknowns) {
    const given = (name: string): boolean =>
      argv.some((word) => word.startsWith('-') && word.split('=')[0] === dashed(name));
    // Behind an unknown command every option is unknown as well: the command is what to tell.
    const command = commandsOf(help).length > 0 ? unknowns.find((name) => !given(name)) : undefined;
    const unknown = command ?? unknowns[0]!;
    if (given(unknown)) return unknownOption(unknown, optionsOf(help), more);
    const near = didYouMean(unknown, commandsOf(help));
    const what = commandsOf(help).length > 0 ? 'command' : 'argument';
    const hint = near === undefined ? more : `did you mean ${near}? ${more}`;
    return new UsageError(`unknown ${what} ${JSON.stringify(unknown)}`, hint);
  }
  const [, lonely] = /^Not enough arguments following: (.*)$/.exec(refusal.message) ?? [];
  if (lonely !== undefined) return new UsageError(`${dashed(lonely)} needs a value`, more);
  const [, missing] =
    (/^Not enough non-option arguments/.test(refusal.message) && /^tbot[^\n]* <(\w+)(?:\.\.)?>/.exec(help)) || [];
  if (missing !== undefined) return new UsageError(`<${missing}> is missing`, more);
  const [, option, given, choices] = /Argument: (.*?), Given: (.*), Choices: (.*)$/.exec(refusal.message) ?? [];
  if (option !== undefined) {
    const name = help.includes(` <${option}>`) ? `<${option}>` : dashed(option);
    return new UsageError(`${name} ${given} is none of its values`, `it takes ${choices?.replaceAll('"', '')}`);
  }
  const commands = commandsOf(help);
  // The parser misses the command first; but where an option is wrong, the command was not what its writer forgot.
  const known = optionsOf(help);
  const unheard = commands.length > 0 && argv.find((word) => word.startsWith('-') && !known.includes(optionName(word)));
  if (unheard) return unknownOption(optionName(unheard), known, more);
  const hint = commands.length === 0 ? more : `commands: ${commands.join(', ')}; ${more}`;
  return new UsageError(refusal.message, hint);
}

function unknownOption(name: string, known: readonly string[], more: string): UsageError {
  const near = didYouMean(name, known);
  return new UsageError(
    `unknown option ${dashed(name)}`,
    near === undefined ? more : `did you mean ${dashed(near)}? ${more}`,
  );
}

/** `--out=/x` without dashes and value. */
const optionName = (word: string): string => word.replace(/^--?/, '').split('=')[0]!;

const dashed = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

function optionsOf(help: string): string[] {
  return [...help.matchAll(/^ +(?:-\w, )?(--[a-z-]+(?:, --[a-z-]+)*)/gm)].flatMap(([, names = '']) =>
    names.split(', ').map((name) => name.slice(2)),
  );
}

function commandsOf(help: string): string[] {
  const [, list = ''] = /^Commands:\n((?: .*\n)*)/m.exec(help) ?? [];
  return [...list.matchAll(/^ {2}tbot (?:[a-z-]+ )*?([a-z-]+)(?: <\w+>)?(?: {2}|$)/gm)].map(([, name = '']) => name);
}
