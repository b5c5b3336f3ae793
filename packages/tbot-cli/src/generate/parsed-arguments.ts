import type { CredentialKind } from '@teleport-ts/tbot-core/client';
import {
  EXEC_WORD,
  FLAG_OPTIONS,
  type GenerateArguments,
  type OptionShape,
  splitRoles,
  VALUE_OPTIONS,
} from './arguments.ts';

/** From what yargs read to what the rest of the command understands. */
export function generateArguments(kind: CredentialKind, parsed: Readonly<Record<string, unknown>>): GenerateArguments {
  const given = (shapes: Readonly<Record<string, OptionShape>>): [string, unknown][] =>
    Object.entries(shapes)
      .map(([option, { names }]): [string, unknown] => [option, parsed[names[0]!]])
      .filter(([, value]) => value !== undefined && value !== false);
  const roles = parsed.roles as string[] | undefined;
  return {
    kind,
    ...Object.fromEntries([...given(VALUE_OPTIONS), ...given(FLAG_OPTIONS)]),
    ...(roles ? { roles: splitRoles(roles) } : {}),
    ...(parsed.exec ? { exec: (parsed['--'] as string[] | undefined) ?? [] } : {}),
  };
}

/**
 * Fences off the command behind `--exec`, whose own options are none of ours: the parser leaves alone what stands behind
 * two dashes.
 */
export function fenceOffCommand(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf(EXEC_WORD);
  const fence = argv.indexOf('--');
  if (argv[0] !== 'generate' || at < 0 || (fence >= 0 && fence <= at + 1)) return argv;
  return [...argv.slice(0, at + 1), '--', ...argv.slice(at + 1)];
}
