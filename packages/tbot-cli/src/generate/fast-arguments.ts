import type { CredentialKind } from '@teleport-ts/tbot-core/client';
import {
  EXEC_WORD,
  FLAG_OPTIONS,
  type FlagOption,
  type GenerateArguments,
  KIND_WORDS,
  type OptionShape,
  splitRoles,
  VALUE_OPTIONS,
  type ValueOption,
} from './arguments.ts';

interface KnownOption extends OptionShape {
  readonly option: ValueOption | FlagOption | 'roles';
  readonly isFlag: boolean;
}

/**
 * Reads the common form of `tbot generate … <kind> …` without a parser library: loading one costs more than all else that
 * the command does.
 *
 * @returns undefined for whatever is not plainly that form, errors and help included: the full parser has the word then.
 */
export function fastGenerateArguments(argv: readonly string[]): GenerateArguments | undefined {
  if (argv[0] !== 'generate') return undefined;
  const kinds = kindsByWord();
  const options = optionsByName();
  const read: { -readonly [option in ValueOption]?: string } & { -readonly [option in FlagOption]?: boolean } = {};
  const seen: KnownOption[] = [];
  const roles: string[] = [];
  let kind: CredentialKind | undefined;
  let exec: readonly string[] | undefined;
  for (let index = 1; index < argv.length; index++) {
    const word = argv[index]!;
    if (word === EXEC_WORD) {
      exec = argv.slice(argv[index + 1] === '--' ? index + 2 : index + 1);
      break;
    }
    const ofWord = kinds.get(word);
    if (ofWord !== undefined) {
      if (kind !== undefined) return undefined;
      kind = ofWord;
      continue;
    }
    const equals = word.indexOf('=');
    const known = options.get(equals < 0 ? word : word.slice(0, equals));
    // Before the kind only what `generate` itself takes; the full parser words the refusal.
    if (!known || (kind === undefined && !known.isGeneral)) return undefined;
    if (known.option !== 'roles' && seen.includes(known)) return undefined;
    seen.push(known);
    if (known.isFlag) {
      if (equals >= 0) return undefined;
      read[known.option as FlagOption] = true;
      continue;
    }
    const value = equals < 0 ? argv[++index] : word.slice(equals + 1);
    if (value === undefined || value === '' || value.startsWith('-')) return undefined;
    // yargs takes quotes off the values of a list, and only off those.
    if (known.option === 'roles' && /["']/.test(value)) return undefined;
    if (known.option === 'roles') roles.push(value);
    else read[known.option as ValueOption] = value;
  }
  if (kind === undefined || exec?.length === 0) return undefined;
  if (seen.some(({ kinds }) => kinds && !kinds.includes(kind))) return undefined;
  return {
    kind,
    ...read,
    ...(roles.length > 0 ? { roles: splitRoles(roles) } : {}),
    ...(exec ? { exec } : {}),
  };
}

function kindsByWord(): Map<string, CredentialKind> {
  const entries = Object.entries(KIND_WORDS) as [CredentialKind, readonly string[]][];
  return new Map(entries.flatMap(([kind, words]) => words.map((word) => [word, kind])));
}

function optionsByName(): Map<string, KnownOption> {
  const names = new Map<string, KnownOption>([['--roles', { option: 'roles', names: ['roles'], isFlag: false }]]);
  const add = (shapes: Readonly<Record<string, OptionShape>>, isFlag: boolean): void => {
    for (const [option, shape] of Object.entries(shapes)) {
      const known = { ...shape, option: option as KnownOption['option'], isFlag };
      for (const name of shape.names) names.set(`--${name}`, known);
    }
  };
  add(VALUE_OPTIONS, false);
  add(FLAG_OPTIONS, true);
  return names;
}
