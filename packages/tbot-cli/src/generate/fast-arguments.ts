import { type GenerateArguments, splitRoles, VALUE_OPTIONS, type ValueOption } from './arguments.ts';

const OPTION_OF_NAME: ReadonlyMap<string, ValueOption | 'roles'> = new Map<string, ValueOption | 'roles'>([
  ...(Object.entries(VALUE_OPTIONS) as [ValueOption, readonly string[]][]).flatMap(([option, names]) =>
    names.map((name) => [`--${name}`, option] as const),
  ),
  ['--roles', 'roles'],
]);

/**
 * Reads the common form of `tbot generate … application …` without a parser library: loading one costs more than all
 * else that the command does.
 *
 * @returns undefined for whatever is not plainly that form, errors and help included: the full parser has the word then.
 */
export function fastGenerateArguments(argv: readonly string[]): GenerateArguments | undefined {
  if (argv[0] !== 'generate') return undefined;
  const values: { [option in ValueOption]?: string } = {};
  const roles: string[] = [];
  let kinds = 0;
  let specificTlsNaming = false;
  for (let index = 1; index < argv.length; index++) {
    const word = argv[index]!;
    if (word === 'application' || word === 'app') {
      kinds++;
      continue;
    }
    // Before the kind only what `generate` itself takes; the full parser words the refusal.
    if (word === '--specific-tls-naming') {
      if (specificTlsNaming || kinds === 0) return undefined;
      specificTlsNaming = true;
      continue;
    }
    const equals = word.indexOf('=');
    const option = OPTION_OF_NAME.get(equals < 0 ? word : word.slice(0, equals));
    if (option === undefined || (kinds === 0 && option !== 'socket' && option !== 'timeout')) return undefined;
    const value = equals < 0 ? argv[++index] : word.slice(equals + 1);
    if (value === undefined || value === '' || value.startsWith('-')) return undefined;
    // yargs takes quotes off the values of a list, and only off those.
    if (option === 'roles' && /["']/.test(value)) return undefined;
    if (option === 'roles') roles.push(value);
    else if (values[option] !== undefined) return undefined;
    else values[option] = value;
  }
  if (kinds !== 1 || values.appName === undefined || values.out === undefined) return undefined;
  return {
    ...values,
    ...(roles.length > 0 ? { roles: splitRoles(roles) } : {}),
    ...(specificTlsNaming ? { specificTlsNaming } : {}),
  };
}
