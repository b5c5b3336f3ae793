import type { CommandModule } from 'yargs';
import { type ClusterArguments, dataDirOf, withClusterOptions } from './arguments.ts';
import { UsageError } from './exit.ts';
import { columnsOf, KIND_NAMES, kindNamed } from './kind-names.ts';
import { outline, print, table } from './output.ts';
import { reach } from './reach.ts';

/** `dev-cluster status` */
export const statusCommand: CommandModule<object, ClusterArguments> = {
  command: 'status',
  describe: 'Tell where the cluster is, whether it runs, and what it holds',
  builder: (args) => withClusterOptions(args).example('$0 status --data-dir ./cluster', 'Addresses and CA pin'),
  handler: async (args) => {
    const status = await reach(dataDirOf(args), 'status', {});
    const { name, running, pid, authAddress, proxyAddress, caPins, webCaPath, resources } = status;
    const counts = Object.entries(resources).filter(([, count]) => count > 0);
    print(
      args.format,
      status,
      [
        `cluster ${name} ${running ? `is running (pid ${pid})` : 'is stopped'}`,
        `  auth service  ${authAddress}`,
        `  proxy         https://${proxyAddress}`,
        ...caPins.map((pin) => `  CA pin        ${pin}`),
        `  web CA        ${webCaPath}`,
        `  holds         ${counts.map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
      ].join('\n'),
    );
  },
};

interface LsArguments extends ClusterArguments {
  kind: string;
}

/** `dev-cluster ls` */
export const lsCommand: CommandModule<object, LsArguments> = {
  command: 'ls <kind>',
  aliases: ['list'],
  describe: 'List the resources of a kind',
  builder: (args) =>
    withClusterOptions(args)
      .positional('kind', { type: 'string', demandOption: true, describe: KIND_NAMES.join(', ') })
      .example('$0 ls apps --data-dir ./cluster', 'All applications')
      .example("$0 ls users --data-dir ./cluster --format json | jq -r '.[].name'", 'Names alone'),
  handler: async (args) => {
    const kind = kindNamed(args.kind);
    const found = await reach(dataDirOf(args), 'list', { kind });
    print(args.format, found, table(['name', ...columnsOf(kind)], found));
  },
};

interface NameArguments extends LsArguments {
  name?: string | undefined;
}

/** `app/grafana` is `app grafana`, as with tctl. */
function kindAndName({ kind, name }: NameArguments): { kind: string; name: string } {
  if (name !== undefined) return { kind: kindNamed(kind), name };
  const at = kind.indexOf('/');
  if (at === -1) throw new UsageError(`which ${kindNamed(kind)}? there is no name`);
  return { kind: kindNamed(kind.slice(0, at)), name: kind.slice(at + 1) };
}

/** `dev-cluster get` */
export const getCommand: CommandModule<object, NameArguments> = {
  command: 'get <kind> [name]',
  describe: 'Show one resource',
  builder: (args) =>
    withClusterOptions(args)
      .positional('kind', { type: 'string', demandOption: true, describe: KIND_NAMES.join(', ') })
      .positional('name', { type: 'string', describe: 'Its name; of a node its id or host name' })
      .example('$0 get role deployer --data-dir ./cluster', 'A role and what it allows')
      .example('$0 get role/deployer --data-dir ./cluster --format json', 'The same for a program'),
  handler: async (args) => {
    const resource = await reach(dataDirOf(args), 'get', kindAndName(args));
    print(args.format, resource, outline(resource));
  },
};

/** `dev-cluster rm` */
export const rmCommand: CommandModule<object, NameArguments> = {
  command: 'rm <kind> [name]',
  aliases: ['remove'],
  describe: 'Remove one resource',
  builder: (args) =>
    withClusterOptions(args)
      .positional('kind', { type: 'string', demandOption: true, describe: KIND_NAMES.join(', ') })
      .positional('name', { type: 'string', describe: 'Its name; of a node its id or host name' })
      .example('$0 rm app grafana --data-dir ./cluster', 'Remove an application'),
  handler: async (args) => {
    const resource = await reach(dataDirOf(args), 'remove', kindAndName(args));
    print(args.format, resource, `removed ${resource.kind} ${resource.name}`);
  },
};
