import { bashScript } from './bash-script.ts';
import type { CommandShape } from './command-tree.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

/** The shells that a script is made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (tree: CommandShape) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** What a shell reads to complete the command's words. All words stand in it: no process is started for a completion. */
export function completionScript(shell: Shell, tree: CommandShape): string {
  return SCRIPTS[shell](tree);
}
