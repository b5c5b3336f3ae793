import {
  SSH_PROXY_FLAGS,
  SSH_PROXY_VALUES,
  type SshProxyArguments,
  type SshProxyFlag,
  type SshProxyValue,
} from './arguments.ts';

/**
 * Reads the common form of `tbot ssh-proxy-command …` without a parser library: every connection of OpenSSH waits for it.
 *
 * @returns undefined for whatever is not plainly that form, errors and help included: the full parser has the word then
 */
export function fastSshProxyArguments(argv: readonly string[]): SshProxyArguments | undefined {
  if (argv[0] !== 'ssh-proxy-command') return undefined;
  const values = byName(SSH_PROXY_VALUES);
  const flags = byName(SSH_PROXY_FLAGS);
  const read: { -readonly [option in SshProxyValue]?: string } & { -readonly [option in SshProxyFlag]?: boolean } = {};
  for (let index = 1; index < argv.length; index++) {
    const word = argv[index]!;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const option = values.get(name);
    if (option !== undefined) {
      const value = equals < 0 ? argv[++index] : word.slice(equals + 1);
      if (!value || value.startsWith('-') || read[option] !== undefined) return undefined;
      read[option] = value;
      continue;
    }
    const isNo = name.startsWith('--no-');
    const flag = flags.get(isNo ? `--${name.slice('--no-'.length)}` : name);
    if (flag === undefined || equals >= 0 || read[flag] !== undefined || (isNo && flag === 'insecure'))
      return undefined;
    read[flag] = !isNo;
  }
  return read;
}

function byName<Option extends string>(names: Readonly<Record<Option, string>>): Map<string, Option> {
  return new Map(Object.entries(names).map(([option, name]) => [`--${name}`, option as Option]));
}
