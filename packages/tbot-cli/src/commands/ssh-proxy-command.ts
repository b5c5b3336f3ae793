import type { Argv, CommandModule } from 'yargs';
import { UsageError } from '../exit.ts';

/** `tbot ssh-proxy-command`: what an `ssh_config` names as ProxyCommand. */
export const sshProxyCommand: CommandModule = {
  command: 'ssh-proxy-command',
  describe: 'Carry an SSH connection through the proxy, as a ProxyCommand of OpenSSH',
  builder: (yargs: Argv): Argv =>
    yargs
      .option('destination-dir', {
        type: 'string',
        requiresArg: true,
        describe: 'Directory of an identity output, whose identity the proxy is shown',
      })
      .option('socket', {
        type: 'string',
        requiresArg: true,
        describe: 'Instead: socket of an agent that is asked for an identity [env: TBOT_SOCKET]',
      })
      .option('host', { type: 'string', requiresArg: true, describe: 'The node; its cluster may stand behind it' })
      .option('port', { type: 'string', requiresArg: true, describe: 'Its SSH port [default: whichever it has]' })
      .option('user', {
        type: 'string',
        requiresArg: true,
        describe: 'Who logs in; inside the connection OpenSSH says it',
      })
      .option('cluster', {
        type: 'string',
        requiresArg: true,
        describe: "Cluster of the node [default: the identity's, or the agent's]",
      })
      .option('proxy-server', {
        type: 'string',
        requiresArg: true,
        describe: 'host:port of the proxy: web address, or SSH address without TLS routing',
      })
      .option('tls-routing', { type: 'boolean', describe: 'The proxy takes everything on its web port' })
      .option('no-tls-routing', {
        type: 'boolean',
        describe: 'It has a port of its own for SSH [default: it is asked]',
      })
      .option('connection-upgrade', { type: 'boolean', describe: 'A load balancer ends TLS in front of the proxy' })
      .option('no-connection-upgrade', { type: 'boolean', describe: 'None does [default: found out]' })
      .option('resume', {
        type: 'boolean',
        describe: "Taken for the sake of tbot's ssh_config; connections are not resumed",
      })
      .option('no-resume', { type: 'boolean', hidden: true })
      .option('roles', {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'With --socket: roles to hold, by commas or repeated [default: all that the socket allows]',
      })
      .option('insecure', { type: 'boolean', describe: "Do not check the proxy's web certificate" })
      .option('timeout', { type: 'string', requiresArg: true, describe: 'Longest wait for the node [default: 30s]' })
      .example(
        "ssh -o ProxyCommand='tbot ssh-proxy-command --destination-dir=/opt/machine-id --proxy-server=teleport.example.com:443 --tls-routing --no-connection-upgrade --user=%r --host=%h --port=%p' root@web-1.root.example.com",
        'With the files of an identity output',
      )
      .example(
        "ssh -o ProxyCommand='tbot ssh-proxy-command --socket /run/tbot.sock --host %h' root@web-1.root.example.com",
        'Asking an agent for the connection',
      ),
  handler: async (parsed) => {
    const { runSshProxy } = await import('../ssh-proxy/ssh-proxy.ts');
    const { splitRoles } = await import('../generate/arguments.ts');
    const text = (name: string): { readonly [key: string]: string } =>
      parsed[name] === undefined ? {} : { [camel(name)]: parsed[name] as string };
    await runSshProxy({
      ...text('destination-dir'),
      ...text('socket'),
      ...text('host'),
      ...text('port'),
      ...text('user'),
      ...text('cluster'),
      ...text('proxy-server'),
      ...text('timeout'),
      ...choice(parsed, 'tls-routing'),
      ...choice(parsed, 'connection-upgrade'),
      ...choice(parsed, 'resume'),
      ...(parsed.roles ? { roles: splitRoles(parsed.roles as string[]) } : {}),
      ...(parsed.insecure ? { insecure: true } : {}),
    });
  },
};

/** `--x` and `--no-x`, as the flags of Teleport's tbot are. */
function choice(parsed: Readonly<Record<string, unknown>>, name: string): { readonly [key: string]: boolean } {
  const yes = parsed[name] === true;
  const no = parsed[`no-${name}`] === true;
  if (yes && no) throw new UsageError(`--${name} and --no-${name} exclude each other`);
  return yes || no ? { [camel(name)]: yes } : {};
}

const camel = (name: string): string => name.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase());
