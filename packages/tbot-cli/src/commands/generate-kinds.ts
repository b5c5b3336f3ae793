import type { CredentialKind } from '@teleport-ts/tbot-core/client';
import type { Argv, Options } from 'yargs';
import type { ValuedOptions } from '../completion/command-tree.ts';

/** What the help says of one kind of credential. */
export interface KindHelp {
  readonly kind: CredentialKind;
  readonly describe: string;
  readonly options: Readonly<Record<string, Options>>;
  readonly examples: readonly (readonly [line: string, what: string])[];
}

const text = (describe: string, more: ValuedOptions = {}): Options => ({
  type: 'string',
  requiresArg: true,
  describe,
  ...more,
});
const flag = (describe: string, more: Options = {}): Options => ({ type: 'boolean', describe, ...more });

/** All kinds, in the order of the help. */
export const GENERATE_KINDS: readonly KindHelp[] = [
  {
    kind: 'identity',
    describe: "SSH and X.509 certificates for the roles: for nodes, tsh and Teleport's API",
    options: {
      'ssh-config': text('Write the files of OpenSSH: on or off [default: on]', { values: ['on', 'off'] }),
    },
    examples: [
      [
        '$0 generate --socket /run/tbot.sock identity --out /tmp/id && ssh -F /tmp/id/ssh_config root@node.example.com',
        'Log in to a node',
      ],
      ['$0 generate --socket /run/tbot.sock ssh --out /tmp/id --ttl 5m && tsh -i /tmp/id/identity ls', 'For tsh'],
    ],
  },
  {
    kind: 'application',
    describe: "A client certificate for one application behind the cluster's proxy",
    options: {
      'app-name': text('Exact name of the application', { alias: 'app' }),
      'specific-tls-naming': flag('Also write tls.crt, tls.key and tls.cas', { alias: 'specific-tls-extensions' }),
    },
    examples: [
      [
        '$0 generate --socket /run/tbot.sock application --app-name grafana --out /tmp/app && curl --cert /tmp/app/tlscert --key /tmp/app/key https://grafana.example.com/',
        'Call an application',
      ],
      ['$0 generate --socket /run/tbot.sock app --app grafana --print pem', 'Certificate and key in one text'],
    ],
  },
  {
    kind: 'database',
    describe: "A client certificate for one database behind the cluster's proxy",
    options: {
      service: text('Exact name of the database in the cluster'),
      username: text('Account to log in as [default: whichever the client names]'),
      database: text('Database within the server [default: whichever the client names]'),
      format: text('Further files: default, tls, mongo or cockroach [default: default]', {
        values: ['default', 'tls', 'mongo', 'cockroach'],
      }),
    },
    examples: [
      [
        '$0 generate --socket /run/tbot.sock database --service pg --username reader --database main --out /tmp/db',
        'Files for psql',
      ],
      [
        '$0 generate --socket /run/tbot.sock db --service mongo --username app --format mongo --out /tmp/db',
        'For MongoDB',
      ],
    ],
  },
  {
    kind: 'kubernetes',
    describe: "A kubeconfig for one Kubernetes cluster behind the cluster's proxy",
    options: {
      'kubernetes-cluster': text('Exact name of the Kubernetes cluster'),
      'disable-exec-plugin': flag(
        'Write key and certificate into the kubeconfig: it works without tbot, until they end',
      ),
    },
    examples: [
      [
        '$0 generate --socket /run/tbot.sock kubernetes --kubernetes-cluster prod --out /tmp/k8s && kubectl --kubeconfig /tmp/k8s/kubeconfig.yaml get pods',
        'Use a cluster',
      ],
    ],
  },
];

/** The options that every kind has. */
export function outputOptions(yargs: Argv): Argv {
  return yargs.options({
    out: text('Directory for the files: file:///path or an absolute path', { alias: 'destination' }),
    print: text('Instead of files, print secrets and all: json, pem, env or, for kubernetes, exec-credential', {
      values: ['json', 'pem', 'env', 'exec-credential'],
    }),
    exec: flag('Instead of files that stay, run the command that stands behind this, to the end of the line'),
    watch: flag('Go on: renew before the end, until stopped'),
    'reload-signal': text('With --watch and --exec: sent to the command at each renewal, for example HUP', {
      values: ['HUP', 'USR1', 'USR2', 'WINCH', 'INT', 'TERM'],
    }),
    'dry-run': flag('Tell what would be asked and whether the socket allows it; issue nothing'),
    wait: flag('Try again until --timeout while the agent or what is asked for is not there yet'),
    cluster: text("Cluster that the credential is for [default: the bot's own]"),
    ttl: text("Lifetime, at least 1m [default: the agent's]", { alias: 'certificate-ttl' }),
    roles: {
      type: 'string',
      array: true,
      nargs: 1,
      requiresArg: true,
      describe: 'Roles to hold, by commas or repeated [default: all that the socket allows]',
    },
  });
}
