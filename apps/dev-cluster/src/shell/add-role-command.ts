import type { RoleConditionsFields, RoleRule } from '@teleport-ts/api-types/resources/role';
import type { Argv, CommandModule } from 'yargs';
import { withoutUndefined } from '../without-undefined.ts';
import { type ClusterArguments, dataDirOf, durationMs, names, pairs, withClusterOptions } from './arguments.ts';
import { UsageError } from './exit.ts';
import { print } from './output.ts';
import { reach } from './reach.ts';

// What a role is given by options; the rest of it `tctl create` can write.
const LABELS = {
  'app-label': ['appLabels', 'Applications with a label'],
  'database-label': ['databaseLabels', 'Databases with a label'],
  'kube-label': ['kubernetesLabels', 'Kubernetes clusters with a label'],
  'node-label': ['nodeLabels', 'Nodes with a label'],
} as const;
const LISTS = {
  login: ['logins', 'Logins on nodes'],
  'database-user': ['databaseUsers', 'Users of databases'],
  'database-name': ['databaseNames', 'Databases of a server'],
  'kube-group': ['kubernetesGroups', 'Kubernetes groups'],
  'kube-user': ['kubernetesUsers', 'Kubernetes users'],
} as const;

type Texts = Readonly<Record<string, string[]>>;

interface RoleArguments extends ClusterArguments {
  name: string;
  replace: boolean;
  'max-session-ttl'?: string | undefined;
}

const many = { type: 'string', array: true, default: [] as string[], nargs: 1 } as const;

/** `dev-cluster add role` */
export const addRoleCommand: CommandModule<object, RoleArguments> = {
  command: 'role <name>',
  describe: 'A role: what its holders may do and what they may not',
  builder: (args) =>
    withConditions(withClusterOptions(args))
      .positional('name', { type: 'string' })
      .option('max-session-ttl', {
        type: 'string',
        requiresArg: true,
        describe: 'The longest that a certificate with it lives [default: 30h]',
      })
      .option('replace', { type: 'boolean', default: false, describe: 'Replace one of this name' })
      .example('$0 add role deployer --app-label "*=*" --data-dir ./cluster', 'All applications')
      .example(
        '$0 add role auditor --rule "session,event:list,read" --data-dir ./cluster',
        'Verbs on kinds of resources',
      )
      .example(
        '$0 add role dev --node-label env=dev --login root --deny-node-label tier=secret --data-dir ./cluster',
        'Deny wins',
      )
      .epilogue(
        'Every condition has a --deny-… of its own. What these options do not have, `tctl create` can write.',
      ) as unknown as Argv<RoleArguments>,
  handler: async (args) => {
    const texts = args as unknown as Texts;
    const ttl = args['max-session-ttl'];
    const made = await reach(dataDirOf(args), 'addRole', {
      ...{ name: args.name, replace: args.replace, allow: conditions(texts, ''), deny: conditions(texts, 'deny-') },
      ...withoutUndefined({ maxSessionTtlMs: ttl === undefined ? undefined : durationMs('max-session-ttl', ttl) }),
    });
    print(args.format, made, `added role ${made.name}`);
  },
};

function withConditions<T>(args: Argv<T>): Argv<T> {
  let so: Argv<unknown> = args;
  for (const deny of ['', 'deny-']) {
    const option = (name: string, describe: string): void => {
      so = so.option(`${deny}${name}`, { ...many, describe, hidden: deny !== '' });
    };
    for (const [name, [, what]] of Object.entries(LABELS)) option(name, `${what}, name=value or *=*; repeatable`);
    for (const [name, [, what]] of Object.entries(LISTS)) option(name, `${what}, by commas or repeated`);
    option('rule', 'Verbs on kinds of resources, kind,kind:verb,verb; repeatable');
    option('impersonate-role', 'Roles to make certificates with, by commas or repeated');
    option('impersonate-user', 'Users to make certificates for, by commas or repeated');
  }
  return so as Argv<T>;
}

function conditions(texts: Texts, deny: string): RoleConditionsFields {
  const of = (name: string): string[] => texts[`${deny}${name}`] ?? [];
  const labels = Object.entries(LABELS).map(([name, [member]]) => [member, pairs(`${deny}${name}`, of(name))]);
  const lists = Object.entries(LISTS).map(([name, [member]]) => [member, names(of(name))]);
  const [roles, users] = [names(of('impersonate-role')), names(of('impersonate-user'))];
  return {
    ...(Object.fromEntries([...labels, ...lists]) as RoleConditionsFields),
    ...{ rules: of('rule').map((text) => rule(`${deny}rule`, text)) },
    ...(roles.length + users.length > 0 && { impersonate: { roles, users } }),
  };
}

function rule(option: string, text: string): RoleRule {
  const [kinds = '', verbs = '', ...more] = text.split(':');
  const made = { resources: names([kinds]), verbs: names([verbs]) };
  if (more.length > 0 || made.resources.length === 0 || made.verbs.length === 0) {
    throw new UsageError(
      `--${option} ${JSON.stringify(text)}: expected kind,kind:verb,verb`,
      'for example user,role:list,read',
    );
  }
  return made;
}
