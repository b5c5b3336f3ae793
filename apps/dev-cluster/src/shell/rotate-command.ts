import type { CommandModule } from 'yargs';
import { type ClusterArguments, dataDirOf, withClusterOptions } from './arguments.ts';
import { print } from './output.ts';
import { reach } from './reach.ts';

interface RotateArguments extends ClusterArguments {
  authority: string;
  phase: string;
}

const NEXT: Readonly<Record<string, string>> = {
  init: 'update_clients',
  update_clients: 'update_servers',
  update_servers: 'standby',
  rollback: 'standby',
};

/** `dev-cluster rotate` */
export const rotateCommand: CommandModule<object, RotateArguments> = {
  command: 'rotate <authority> <phase>',
  describe: 'Take an authority one step through its rotation',
  builder: (args) =>
    withClusterOptions(args)
      .positional('authority', {
        type: 'string',
        demandOption: true,
        describe: 'host, user, db, jwt, …: as in `dev-cluster ls authorities`',
      })
      .positional('phase', {
        type: 'string',
        demandOption: true,
        choices: ['init', 'update_clients', 'update_servers', 'standby', 'rollback'],
        describe: 'The phase to go to; a rotation takes them in this order, or back by rollback and standby',
      })
      .example('$0 rotate host init --data-dir ./cluster', 'Begin: a new authority, trusted by nobody yet')
      .example('$0 rotate host standby --data-dir ./cluster', 'End: the old one is dropped'),
  handler: async (args) => {
    const { authority, phase } = args;
    const shown = await reach(dataDirOf(args), 'rotate', { authority, phase });
    const next = NEXT[phase];
    print(
      args.format,
      shown,
      `authority ${authority} is in ${phase}${next === undefined ? '' : `; next: dev-cluster rotate ${authority} ${next}`}`,
    );
  },
};
