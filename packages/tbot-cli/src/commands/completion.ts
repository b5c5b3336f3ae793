import type { Argv, CommandModule } from 'yargs';
import { SHELLS, type Shell } from '../completion/completion-script.ts';
import { print } from '../standard-output.ts';

/**
 * `tbot completion`: what a shell reads to complete this command's words.
 *
 * @param commands all that there are
 */
export function completionCommandFor(commands: () => readonly CommandModule[]): CommandModule {
  return {
    command: 'completion <shell>',
    describe: 'Print the script that completes the words of this command in a shell',
    builder: (yargs: Argv): Argv =>
      yargs
        .positional('shell', { choices: SHELLS, describe: 'Which shell' })
        .example('source <($0 completion bash)', 'In ~/.bashrc')
        .example('source <($0 completion zsh)', 'In ~/.zshrc, behind compinit')
        .example('$0 completion fish > ~/.config/fish/completions/tbot.fish', 'Once'),
    handler: async (parsed) => {
      const [{ completionScript }, { commandTree }] = await Promise.all([
        import('../completion/completion-script.ts'),
        import('../completion/command-tree.ts'),
      ]);
      print(completionScript(parsed.shell as Shell, commandTree(commands())));
    },
  };
}
