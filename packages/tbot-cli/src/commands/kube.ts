import type { Argv, CommandModule } from 'yargs';
import { generateArguments } from '../generate/parsed-arguments.ts';
import { socketOption } from './socket-option.ts';

/** `tbot kube`: what kubectl runs. */
export const kubeCommand: CommandModule = {
  command: 'kube',
  describe: 'For kubectl: credentials at the moment they are needed',
  builder: (yargs: Argv): Argv =>
    yargs
      .command(credentialsCommand)
      .demandCommand(1, 'say what to do for kubectl: credentials')
      .example('$0 kube credentials --socket /run/tbot.sock --kubernetes-cluster prod', 'Print an ExecCredential'),
  handler: () => {},
};

const credentialsCommand: CommandModule = {
  command: 'credentials',
  describe: 'Exec plugin of a kubeconfig: asks an agent, or reads a directory, and prints an ExecCredential',
  builder: (yargs: Argv): Argv =>
    yargs
      .options({
        socket: socketOption,
        'kubernetes-cluster': {
          type: 'string',
          requiresArg: true,
          describe: 'Exact name of the Kubernetes cluster',
        },
        'destination-dir': {
          type: 'string',
          requiresArg: true,
          describe: 'Instead of a socket: directory of a kubernetes output that somebody keeps fresh',
        },
        cluster: {
          type: 'string',
          requiresArg: true,
          describe: "Cluster that the Kubernetes cluster belongs to [default: the bot's own]",
        },
        ttl: {
          alias: 'certificate-ttl',
          type: 'string',
          requiresArg: true,
          describe: "Lifetime, at least 1m [default: the agent's]",
        },
        roles: {
          type: 'string',
          array: true,
          nargs: 1,
          requiresArg: true,
          describe: 'Roles to hold, by commas or repeated [default: all that the socket allows]',
        },
        wait: {
          type: 'boolean',
          describe: 'Try again until --timeout while the agent or the cluster is not there yet',
        },
        timeout: { type: 'string', requiresArg: true, describe: 'Longest wait, for example 10s [default: 30s]' },
      })
      .example(
        '$0 kube credentials --socket /run/tbot.sock --kubernetes-cluster prod',
        'As the kubeconfig of `generate kubernetes` calls it',
      )
      .example('$0 kube credentials --destination-dir /opt/machine-id/k8s', 'From files'),
  handler: async (parsed) => {
    const { printKubeCredentials } = await import('../kube/kube-credentials.ts');
    const { kind: _, ...given } = generateArguments('kubernetes', parsed);
    const destinationDir = parsed['destination-dir'] as string | undefined;
    await printKubeCredentials({ ...given, ...(destinationDir === undefined ? {} : { destinationDir }) });
  },
};
