import type { Argv, CommandModule } from 'yargs';
import { UsageError } from '../exit.ts';
import { splitRoles } from '../generate/arguments.ts';
import { SSH_PROXY_FLAGS, SSH_PROXY_VALUES, type SshProxyArguments } from '../ssh-proxy/arguments.ts';

/** Carries one connection. */
export type RunSshProxy = (given: SshProxyArguments) => Promise<void>;

/** `tbot ssh-proxy-command`: what an `ssh_config` names as ProxyCommand. */
export const sshProxyCommand: CommandModule = sshProxyCommandWith(async (given) => {
  const { runSshProxy } = await import('../ssh-proxy/ssh-proxy.ts');
  await runSshProxy(given);
});

export function sshProxyCommandWith(run: RunSshProxy): CommandModule {
  return {
    command: 'ssh-proxy-command',
    describe: 'Carry an SSH connection through the proxy, as a ProxyCommand of OpenSSH',
    builder,
    handler: async (parsed) => await run(sshProxyArguments(parsed)),
  };
}

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;
const flag = (describe: string) => ({ type: 'boolean', describe }) as const;

function builder(yargs: Argv): Argv {
  return yargs
    .options({
      'destination-dir': text('Directory of an identity output, whose identity the proxy is shown'),
      socket: text('Instead: socket of an agent that is asked for an identity [env: TBOT_SOCKET]'),
      host: text('The node; its cluster may stand behind it'),
      port: text('Its SSH port [default: whichever it has]'),
      user: text('Who logs in; inside the connection OpenSSH says it'),
      cluster: text("Cluster of the node [default: the identity's, or the agent's]"),
      'proxy-server': text('host:port of the proxy: web address, or SSH address without TLS routing'),
      'tls-routing': flag('The proxy takes everything on its web port'),
      'no-tls-routing': flag('It has a port of its own for SSH [default: it is asked]'),
      'connection-upgrade': flag('A load balancer ends TLS in front of the proxy'),
      'no-connection-upgrade': flag('None does [default: found out]'),
      'proxy-templates': text(
        'File with proxy_templates as tsh has them, which may say another node, cluster or proxy',
      ),
      resume: flag("Taken for the sake of tbot's ssh_config; connections are not resumed"),
      'no-resume': { type: 'boolean', hidden: true },
      roles: {
        type: 'string',
        array: true,
        nargs: 1,
        requiresArg: true,
        describe: 'With --socket: roles to hold, by commas or repeated [default: all that the socket allows]',
      },
      insecure: flag("Do not check the proxy's web certificate"),
      timeout: text('Longest wait for the node [default: 30s]'),
    })
    .example(
      "ssh -o ProxyCommand='tbot ssh-proxy-command --destination-dir=/opt/machine-id --proxy-server=teleport.example.com:443 --tls-routing --no-connection-upgrade --user=%r --host=%h --port=%p' root@web-1.root.example.com",
      'With the files of an identity output',
    )
    .example(
      "ssh -o ProxyCommand='tbot ssh-proxy-command --socket /run/tbot.sock --host %h' root@web-1.root.example.com",
      'Asking an agent for each connection',
    );
}

/** From what yargs read to what the rest of the command understands. */
function sshProxyArguments(parsed: Readonly<Record<string, unknown>>): SshProxyArguments {
  const values = Object.entries(SSH_PROXY_VALUES).map(([option, name]) => [option, parsed[name]]);
  const flags = Object.entries(SSH_PROXY_FLAGS).map(([option, name]) => [option, choice(parsed, name)]);
  const roles = parsed.roles as string[] | undefined;
  return {
    ...Object.fromEntries([...values, ...flags].filter(([, value]) => value !== undefined)),
    ...(roles ? { roles: splitRoles(roles) } : {}),
  };
}

/** `--x` and `--no-x`, as the flags of Teleport's tbot are. */
function choice(parsed: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const yes = parsed[name] === true;
  const no = parsed[`no-${name}`] === true;
  if (yes && no) throw new UsageError(`--${name} and --no-${name} exclude each other`);
  return yes || no ? yes : undefined;
}
