import { formatGoDuration } from '@teleport-ts/api-types';
import {
  ConfigError,
  CREDENTIAL_KINDS,
  type DiagAddress,
  type SocketConfig,
  type TbotConfig,
} from '@teleport-ts/tbot-core/config';
import { ExitCode, errorLines } from '../exit.ts';
import { type ConfigSource, readConfig } from './config-source.ts';

/** What `tbot validate` prints, and how it ends. */
export interface Verdict {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: ExitCode;
}

/**
 * Looks at a configuration without using it: a summary of what it means, or every problem with its place.
 *
 * @throws UsageError when there is no such file
 */
export async function validateConfig(
  source: ConfigSource,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Verdict> {
  try {
    const { name, config } = await readConfig(source, environment);
    const warnings = config.warnings.map((warning) => `warning: ${warning}\n`).join('');
    return { stdout: `ok: ${name}\n${summary(config)}`, stderr: warnings, exitCode: ExitCode.OK };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { stdout: '', stderr: errorLines(error), exitCode: ExitCode.USAGE };
  }
}

function summary(config: TbotConfig): string {
  const { authServer, proxyServer, store, onboarding, credentialTtlMs, renewalIntervalMs, diagAddress } = config;
  const { sockets } = config;
  const rows: [string, string][] = [
    authServer === undefined ? ['proxy_server', proxyServer ?? ''] : ['auth_server', authServer],
    ['store', store.type === 'memory' ? 'memory (a restart needs a new token)' : store.path],
    ['joining', onboarding.joinMethod ?? 'by flags or from the store'],
    ['lifetimes', `${formatGoDuration(credentialTtlMs)}, renewed every ${formatGoDuration(renewalIntervalMs)}`],
    ...(diagAddress ? [['diagnostics', addressText(diagAddress)] as [string, string]] : []),
    ...sockets.map((socket): [string, string] => ['socket', socketText(socket, credentialTtlMs)]),
  ];
  if (sockets.length === 0) rows.push(['sockets', 'none: nobody can ask this agent for credentials']);
  return rows.map(([name, value]) => `  ${name.padEnd(12)}  ${value}\n`).join('');
}

function socketText(socket: SocketConfig, credentialTtlMs: number): string {
  const parts = [
    socket.path,
    `roles ${socket.roles?.join(', ') ?? 'all of the bot'}`,
    `mode 0${socket.mode.toString(8)}`,
    `ttl up to ${formatGoDuration(socket.maxTtlMs ?? credentialTtlMs)}`,
    ...(socket.allow ? [`allow ${socket.allow.map(principalText).join(', ')}`] : []),
    // All of them is the default.
    ...(socket.kinds.length < CREDENTIAL_KINDS.length ? [`kinds ${socket.kinds.join(', ')}`] : []),
    ...(socket.applications ? [`applications ${socket.applications.join(', ')}`] : []),
    ...(socket.databases ? [`databases ${socket.databases.join(', ')}`] : []),
    ...(socket.kubernetesClusters ? [`Kubernetes clusters ${socket.kubernetesClusters.join(', ')}`] : []),
    ...(socket.clusters ? [`clusters ${socket.clusters.join(', ')}`] : []),
    ...(socket.audit ? [`audit ${socket.audit.file}${socket.audit.chain ? ' (chain)' : ''}`] : []),
  ];
  return parts.join('; ');
}

function addressText(address: DiagAddress): string {
  return 'path' in address ? address.path : `${address.host ?? ''}:${address.port}`;
}

function principalText(principal: object): string {
  const [[type, name]] = Object.entries(principal) as [[string, string | number]];
  return `${type} ${name}`;
}
