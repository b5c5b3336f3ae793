import { durationOf } from '../durations.ts';
import { UsageError } from '../exit.ts';
import type { SshProxyArguments } from './arguments.ts';

/** A command line that has been judged. */
export interface SshProxyPlan {
  /** Whose certificate the proxy is shown. */
  readonly identity:
    | { readonly kind: 'directory'; readonly path: string }
    | { readonly kind: 'agent'; readonly socket: string; readonly roles?: readonly string[] };
  /** As OpenSSH has it, perhaps with its cluster behind it. */
  readonly host: string;
  /** 0 is whichever the node has. */
  readonly port: number;
  /** Default: that of the certificate, or of the agent's bot. */
  readonly cluster?: string;
  /** `host:port`; an agent knows its own. */
  readonly proxyServer?: string;
  /** Path of a file of tsh. */
  readonly proxyTemplates?: string;
  readonly tlsRouting?: boolean;
  readonly connectionUpgrade?: boolean;
  readonly insecure: boolean;
  readonly timeoutMs: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** @throws UsageError naming the option */
export function planSshProxy(
  given: SshProxyArguments,
  env: Readonly<Record<string, string | undefined>>,
): SshProxyPlan {
  const { host, port, cluster, proxyServer, proxyTemplates, tlsRouting, connectionUpgrade, insecure = false } = given;
  if (!host) throw new UsageError('--host is missing or empty');
  if (given.roles && !given.socket) throw new UsageError('--roles goes with --socket: an identity file has its roles');
  const identity = identityOf(given, env);
  if (!proxyServer && identity.kind === 'directory') {
    throw new UsageError('--proxy-server is missing or empty', 'an agent knows its own: ask one with --socket');
  }
  return {
    identity,
    host,
    port: port ? portOf(port) : 0,
    ...(cluster && { cluster }),
    ...(proxyServer && { proxyServer }),
    ...(proxyTemplates && { proxyTemplates }),
    ...(tlsRouting !== undefined && { tlsRouting }),
    ...(connectionUpgrade !== undefined && { connectionUpgrade }),
    insecure,
    timeoutMs: given.timeout === undefined ? DEFAULT_TIMEOUT_MS : durationOf('--timeout', given.timeout),
  };
}

function identityOf(
  { destinationDir, socket: named, roles }: SshProxyArguments,
  env: Readonly<Record<string, string | undefined>>,
): SshProxyPlan['identity'] {
  if (destinationDir && named) throw new UsageError('--destination-dir and --socket exclude each other');
  if (destinationDir) return { kind: 'directory', path: destinationDir };
  const socket = named || env.TBOT_SOCKET;
  if (!socket) {
    throw new UsageError(
      '--destination-dir is missing',
      "name the directory of an identity output, or the agent's socket with --socket",
    );
  }
  return { kind: 'agent', socket, ...(roles && { roles }) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`--port ${JSON.stringify(text)} is not a port`);
}
