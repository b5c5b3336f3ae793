import { openSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TeleportError } from '@teleport-ts/api-types';
import type { CommandModule } from 'yargs';
import { withoutUndefined } from '../without-undefined.ts';
import { type ClusterArguments, dataDirOf, durationMs, names, withClusterOptions } from './arguments.ts';
import { print } from './output.ts';
import { reach } from './reach.ts';

interface SignArguments extends ClusterArguments {
  user: string;
  role: string[];
  ttl?: string | undefined;
  out?: string | undefined;
  overwrite: boolean;
}

/** `dev-cluster sign` */
export const signCommand: CommandModule<object, SignArguments> = {
  command: 'sign',
  describe: 'Make credentials for a user, without a login',
  builder: (args) =>
    withClusterOptions(args)
      .option('user', { type: 'string', demandOption: true, requiresArg: true, describe: 'Whose they are' })
      .option('role', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: "Roles to hold, by commas or repeated [default: all of the user's]",
      })
      .option('ttl', { type: 'string', requiresArg: true, describe: 'How long they are good [default: 8h]' })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'File to write the identity to, for its owner alone; without it, it is printed',
      })
      .option('overwrite', { type: 'boolean', default: false, describe: 'Replace that file if it is there' })
      .example('$0 sign --data-dir ./cluster --user alice --out alice.id', 'An identity file, as for tctl and tsh')
      .example(
        '$0 sign --data-dir ./cluster --user alice --ttl 5m --format json',
        'Key and certificates one by one: key, cert, cas, sshCert',
      ),
  handler: async (args) => {
    const { user, out } = args;
    const signed = await reach(dataDirOf(args), 'sign', {
      user,
      ...withoutUndefined({
        roles: args.role.length > 0 ? names(args.role) : undefined,
        ttlMs: args.ttl === undefined ? undefined : durationMs('ttl', args.ttl),
      }),
    });
    if (out === undefined) return print(args.format, signed, signed.identityFile);
    writeIdentity(out, signed.identityFile, args.overwrite);
    const { expires, authAddress } = signed;
    print(
      args.format,
      { path: resolve(out), user, expires, authAddress },
      `wrote ${out}, good until ${expires}\nuse it: tctl --auth-server=${authAddress} -i ${out} status`,
    );
  },
};

function writeIdentity(path: string, text: string, overwrite: boolean): void {
  try {
    writeFileSync(openSync(path, overwrite ? 'w' : 'wx', 0o600), text);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new TeleportError('bad_parameter', `--out: ${message}`, { cause: error });
    throw new TeleportError('already_exists', `${path} is there already`, { hint: '--overwrite replaces it' });
  }
}
