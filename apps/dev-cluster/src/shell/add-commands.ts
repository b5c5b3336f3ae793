import type { Argv, CommandModule } from 'yargs';
import { withoutUndefined } from '../without-undefined.ts';
import { addRoleCommand } from './add-role-command.ts';
import type { WithToken } from './adding.ts';
import { type ClusterArguments, dataDirOf, durationMs, labels, names, pairs, withClusterOptions } from './arguments.ts';
import type { Shown } from './kinds.ts';
import { print } from './output.ts';
import { reach } from './reach.ts';

const many = { type: 'string', array: true, default: [] as string[], nargs: 1 } as const;
const one = { type: 'string', requiresArg: true } as const;

const withLabels = <T>(args: Argv<T>): Argv<T> =>
  args.option('label', { ...many, describe: 'A label, name=value; repeatable' });

const withReplace = <T>(args: Argv<T>): Argv<T> =>
  args.option('replace', { type: 'boolean', default: false, describe: 'Replace one of this name' });

/** A command `add <kind>`; `make` gives what was made. */
function adding<A extends ClusterArguments>(command: {
  readonly command: string;
  readonly aliases?: readonly string[];
  readonly describe: string;
  readonly builder: (args: Argv<object>) => Argv<unknown>;
  readonly make: (dataDir: string, args: A) => Promise<Shown>;
  readonly text?: (made: Shown) => string;
}): CommandModule<object, A> {
  const { make, builder, text = ({ kind, name }) => `added ${kind} ${name}`, aliases = [], ...rest } = command;
  return {
    ...rest,
    aliases,
    builder: (args) => builder(withClusterOptions(args)) as Argv<A>,
    handler: async (parsed) => {
      const args = parsed as unknown as A;
      const made = await make(dataDirOf(args), args);
      print(args.format, made, text(made));
    },
  };
}

interface ServedArguments extends ClusterArguments {
  name: string;
  label: string[];
  replace: boolean;
  uri?: string | undefined;
  protocol?: string | undefined;
  description?: string | undefined;
  'public-addr'?: string | undefined;
}

const app = adding<ServedArguments>({
  command: 'app <name>',
  aliases: ['application'],
  describe: 'An application behind the proxy',
  builder: (args) =>
    withReplace(withLabels(args))
      .positional('name', { type: 'string', describe: 'A lower case host name' })
      .option('uri', { ...one, describe: 'Where it listens [default: the demo application answers]' })
      .option('public-addr', { ...one, describe: 'Its host name [default: <name>.localhost]' })
      .option('description', { ...one, describe: 'What it is' })
      .example(
        '$0 add app grafana --uri http://127.0.0.1:3000 --label env=dev --data-dir ./cluster',
        'One of your own',
      ),
  make: (dataDir, { name, uri, description, replace, label, 'public-addr': publicAddr }) =>
    reach(dataDir, 'addApp', {
      ...{ name, replace, labels: labels('label', label) },
      ...withoutUndefined({ uri, description, publicAddr }),
    }),
  text: ({ name, publicAddr }) => `added app ${name}, with the public address ${publicAddr}`,
});

const database = adding<ServedArguments>({
  command: 'database <name>',
  aliases: ['db'],
  describe: 'A database, to be listed and to get certificates for',
  builder: (args) =>
    withReplace(withLabels(args))
      .positional('name', { type: 'string' })
      .option('protocol', { ...one, describe: 'postgres, mysql, … [default: postgres]' })
      .option('uri', { ...one, describe: 'Where it listens, host:port [default: nowhere]' })
      .option('description', { ...one, describe: 'What it is' })
      .example('$0 add database pg --protocol postgres --data-dir ./cluster', 'A PostgreSQL database'),
  make: (dataDir, { name, uri, protocol, description, replace, label }) =>
    reach(dataDir, 'addDatabase', {
      ...{ name, replace, labels: labels('label', label) },
      ...withoutUndefined({ uri, protocol, description }),
    }),
});

const kubeCluster = adding<ServedArguments>({
  command: 'kube-cluster <name>',
  aliases: ['kube', 'kubernetes-cluster'],
  describe: 'A Kubernetes cluster, to be listed and to get certificates for',
  builder: (args) =>
    withReplace(withLabels(args))
      .positional('name', { type: 'string' })
      .example('$0 add kube-cluster staging --label env=dev --data-dir ./cluster', 'A Kubernetes cluster'),
  make: (dataDir, { name, replace, label }) =>
    reach(dataDir, 'addKubernetesCluster', { name, replace, labels: labels('label', label) }),
});

interface NodeArguments extends ClusterArguments {
  hostname: string;
  label: string[];
  replace: boolean;
  id?: string | undefined;
  addr?: string | undefined;
}

const node = adding<NodeArguments>({
  command: 'node <hostname>',
  describe: 'A server for SSH, to be listed',
  builder: (args) =>
    withReplace(withLabels(args))
      .positional('hostname', { type: 'string' })
      .option('id', { ...one, describe: 'Its id [default: a new one]' })
      .option('addr', { ...one, describe: 'Where it listens, host:port [default: nowhere]' })
      .example('$0 add node web-1 --label env=dev --data-dir ./cluster', 'A node'),
  make: (dataDir, { hostname, id, addr, replace, label }) =>
    reach(dataDir, 'addNode', { hostname, replace, labels: labels('label', label), ...withoutUndefined({ id, addr }) }),
  text: ({ name, hostname }) => `added node ${hostname} with the id ${name}`,
});

interface UserArguments extends ClusterArguments {
  name: string;
  role: string[];
  trait: string[];
  replace: boolean;
}

const user = adding<UserArguments>({
  command: 'user <name>',
  describe: 'A local user; `dev-cluster sign` makes credentials',
  builder: (args) =>
    withReplace(args)
      .positional('name', { type: 'string' })
      .option('role', { ...many, demandOption: true, describe: 'Roles of the user, by commas or repeated' })
      .option('trait', { ...many, describe: 'A trait, name=value; repeatable, for several values too' })
      .example('$0 add user alice --role deployer --trait logins=root --data-dir ./cluster', 'A user'),
  make: (dataDir, { name, role, trait, replace }) =>
    reach(dataDir, 'addUser', { name, roles: names(role), traits: pairs('trait', trait), replace }),
});

interface BotArguments extends UserArguments {
  'max-session-ttl'?: string | undefined;
}

const bot = adding<BotArguments>({
  command: 'bot <name>',
  describe: 'A bot, and a token by which it joins',
  builder: (args) =>
    withReplace(args)
      .positional('name', { type: 'string' })
      .option('role', { ...many, demandOption: true, describe: 'Roles that it may impersonate, by commas or repeated' })
      .option('trait', { ...many, describe: 'A trait, name=value; repeatable, for several values too' })
      .option('max-session-ttl', { ...one, describe: 'The longest that its certificates live [default: 12h]' })
      .example('$0 add bot ci --role deployer --data-dir ./cluster', 'A bot, and how it joins'),
  make: (dataDir, { name, role, trait, replace, 'max-session-ttl': ttl }) =>
    reach(dataDir, 'addBot', {
      ...{ name, roles: names(role), traits: pairs('trait', trait), replace },
      ...withoutUndefined({ maxSessionTtlMs: ttl === undefined ? undefined : durationMs('max-session-ttl', ttl) }),
    }),
  text: (made) => `added bot ${made.name}\n${howToJoin(made as WithToken)}`,
});

interface TokenArguments extends ClusterArguments {
  name?: string | undefined;
  bot: string;
  ttl?: string | undefined;
  replace: boolean;
}

const token = adding<TokenArguments>({
  command: 'token [name]',
  describe: 'One more token by which a bot joins, once',
  builder: (args) =>
    withReplace(args)
      .positional('name', { type: 'string', describe: 'The secret itself [default: 32 random hex digits]' })
      .option('bot', { ...one, demandOption: true, describe: 'Whose it is' })
      .option('ttl', { ...one, describe: 'How long it is good [default: 1h]' })
      .example('$0 add token --bot ci --ttl 10m --data-dir ./cluster', 'A token'),
  make: (dataDir, { name, bot: botName, ttl, replace }) =>
    reach(dataDir, 'addToken', {
      ...{ botName, replace },
      ...withoutUndefined({ name, expiresInMs: ttl === undefined ? undefined : durationMs('ttl', ttl) }),
    }),
  text: (made) => `added token ${made.name}\n${howToJoin(made as WithToken)}`,
});

const howToJoin = ({ token: secret, caPins, authAddress, expires }: WithToken): string =>
  [
    `it joins at ${authAddress} with`,
    `  --join-method token --token ${secret} --ca-pin ${caPins[0]}`,
    ...(expires === undefined ? [] : [`until ${expires}`]),
  ].join('\n');

const TARGETS = {
  user: 'A user',
  role: 'All who hold a role',
  login: 'A login on nodes',
  'server-id': 'A node or another host, by its id',
  'mfa-device': 'An MFA device, by its id',
  'windows-desktop': 'A Windows desktop',
  'access-request': 'An access request, by its id',
  device: 'A trusted device, by its id',
} as const;

type LockArguments = ClusterArguments & { readonly [T in keyof typeof TARGETS]?: string | undefined } & {
  readonly message?: string | undefined;
  readonly ttl?: string | undefined;
};

const lock = adding<LockArguments>({
  command: 'lock',
  describe: 'A lock on somebody or something',
  builder: (args) =>
    Object.entries(TARGETS)
      .reduce((so, [target, describe]) => so.option(target, { ...one, describe }), args as Argv<unknown>)
      .option('message', { ...one, describe: 'What those who are refused are told' })
      .option('ttl', { ...one, describe: 'How long it holds [default: until it is removed]' })
      .example('$0 add lock --user bot-ci --message "being looked into" --data-dir ./cluster', 'Stop a bot'),
  make: (dataDir, args) =>
    reach(dataDir, 'addLock', {
      ...withoutUndefined({
        user: args.user,
        role: args.role,
        login: args.login,
        device: args.device,
        message: args.message,
      }),
      ...withoutUndefined({ serverId: args['server-id'], mfaDevice: args['mfa-device'] }),
      ...withoutUndefined({ windowsDesktop: args['windows-desktop'], accessRequest: args['access-request'] }),
      ...withoutUndefined({ expiresInMs: args.ttl === undefined ? undefined : durationMs('ttl', args.ttl) }),
    }),
  text: ({ name }) => `added lock ${name}; it ends with: dev-cluster rm lock ${name}`,
});

const kinds = [
  ...[app, database, kubeCluster, node, addRoleCommand],
  ...[user, bot, token, lock],
] as unknown as readonly CommandModule[];

/** What `dev-cluster add` can add, as it is written there. */
export const addableKinds: readonly string[] = kinds
  .flatMap(({ command, aliases = [] }) => [command, aliases].flat())
  .map((command) => String(command).split(' ', 1)[0] as string);

/** `dev-cluster add` */
export const addCommand: CommandModule = {
  command: 'add',
  describe: 'Add a resource',
  builder: (args) =>
    args
      .command([...kinds])
      .demandCommand(1, 'say what to add')
      .example('$0 add role deployer --app-label "*=*" --data-dir ./cluster', 'A role for all applications'),
  handler: () => {},
};
