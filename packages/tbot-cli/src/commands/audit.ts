import type { Argv, CommandModule } from 'yargs';
import { print } from '../standard-output.ts';

/** `tbot audit`: looks at the audit files of an agent. */
export const auditCommand: CommandModule = {
  command: 'audit',
  describe: 'Look at the audit files of an agent',
  builder: (yargs: Argv): Argv =>
    yargs
      .command(verifyCommand)
      .demandCommand(1, 'say what to do with the files: verify')
      .example('$0 audit verify /var/log/tbot/ci.audit.log', 'Is a record missing, or changed?'),
  handler: () => {},
};

const verifyCommand: CommandModule = {
  command: 'verify <files..>',
  describe: 'Check the chain of hashes of audit files, the oldest first',
  builder: (yargs: Argv): Argv =>
    yargs
      .positional('files', { type: 'string', describe: 'Files with `audit: { chain: true }`; a .gz is unpacked' })
      .option('anchor', {
        type: 'string',
        requiresArg: true,
        describe: 'sequence:hash of a record that must be there, from the log of the agent',
      })
      .option('format', { choices: ['text', 'json'] as const, default: 'text', describe: 'For people or for programs' })
      .example('$0 audit verify ci.audit.log.1 ci.audit.log', 'Exits 0, or 1 with each problem and its place')
      .example('$0 audit verify ci.audit.log --anchor 1207:9f86d081…', 'Also: is the end missing?'),
  handler: async (parsed) => {
    const { verifyAudit } = await import('../audit/verify.ts');
    const { stdout, stderr, exitCode } = await verifyAudit({
      files: parsed.files as string[],
      ...(parsed.anchor === undefined ? {} : { anchor: parsed.anchor as string }),
      format: parsed.format as 'text' | 'json',
    });
    print(stdout);
    process.stderr.write(stderr);
    process.exitCode = exitCode;
  },
};
