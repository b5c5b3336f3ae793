import { allCommands, type CommandShape } from './completion/command-tree.ts';
import { UsageError } from './exit.ts';

/**
 * Refuses a flag that is given anything but `true` or `false`, before the parser takes `--dry-run=yes` for a no.
 *
 * @throws UsageError naming the flag
 */
export function checkFlagValues(argv: readonly string[], program: CommandShape): void {
  const fence = argv.indexOf('--');
  const words = argv.slice(0, fence < 0 ? undefined : fence).flatMap((word) => {
    const [, name, value] = /^(--?[a-z-]+)=(.*)$/s.exec(word) ?? [];
    return name === undefined || value === undefined || /^(true|false)$/.test(value) ? [] : [{ name, value }];
  });
  if (words.length === 0) return;
  const options = allCommands(program).flatMap(({ command }) => command.options);
  const flags = new Set(options.filter(({ takesValue }) => !takesValue).flatMap(({ names }) => names));
  const wrong = words.find(({ name }) => flags.has(name));
  if (!wrong) return;
  throw new UsageError(
    `${wrong.name} ${JSON.stringify(wrong.value)} is none of its values`,
    `write ${wrong.name} alone, or leave it out`,
  );
}
