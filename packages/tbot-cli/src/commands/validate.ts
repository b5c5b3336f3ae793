import type { Argv, CommandModule } from 'yargs';
import { print } from '../standard-output.ts';

/** `tbot validate`: looks at a configuration without using it. */
export const validateCommand: CommandModule = {
  command: 'validate',
  describe: 'Check a configuration file, and say what it means',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('config', {
        alias: 'c',
        type: 'string',
        requiresArg: true,
        describe: 'Configuration file [env: TBOT_CONFIG_PATH, or a file in base64 in TBOT_CONFIG]',
      })
      .example('$0 validate -c /etc/tbot.yaml', 'Exits 0, or 2 with each problem and its place'),
  handler: async (parsed) => {
    const { validateConfig } = await import('../agent/validate.ts');
    const source = parsed.config === undefined ? {} : { path: parsed.config as string };
    const { stdout, stderr, exitCode } = await validateConfig(source, process.env);
    print(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  },
};
