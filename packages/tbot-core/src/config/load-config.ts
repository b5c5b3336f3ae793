import { readFile } from 'node:fs/promises';
import { formatGoDuration, TeleportError } from '@teleport-ts/api-types';
import type { Onboarding } from '../bot-types.ts';
import {
  DEFAULT_CREDENTIAL_TTL_MS,
  DEFAULT_RENEWAL_INTERVAL_MS,
  DEFAULT_STORE_PATH,
  MAX_TTL_MS,
  MIN_TTL_MS,
  type SocketConfig,
  type TbotConfig,
} from './config.ts';
import { ConfigError, type ConfigIssue } from './config-error.ts';
import type { ConfigFile } from './config-schema.ts';
import { isLoopback } from './diag-address.ts';
import { type ConfigEnvironment, type ConfigFlags, type Overrides, parseOverrides } from './overrides.ts';
import { parseConfigFile } from './parse-config-file.ts';
import { socketWarnings } from './socket-warnings.ts';
import type { YamlSource } from './yaml-source.ts';

/** Where a configuration comes from besides its file. */
export interface ConfigSources {
  /** Stands in messages. Default `tbot.yaml`. */
  readonly fileName?: string;
  readonly flags?: ConfigFlags;
  /** Default: none; a program passes `process.env`. */
  readonly environment?: ConfigEnvironment;
}

/**
 * Reads a `tbot.yaml` with flags and tbot's environment variables laid over it: a flag beats a variable, a variable
 * beats the file, key by key (a token from outside leaves the file's other `onboarding` keys in place).
 *
 * The keys are those of the RFD "Machine ID Dynamic Credential API" and the supported ones of tbot 18's `version: v2`.
 *
 * @throws ConfigError (`bad_parameter`) with file, line and column of every offending key
 * @example
 * const config = parseConfig('auth_server: auth.example.com:3025\nstore: { type: memory }', {
 *   flags: { token: '/run/secrets/token' },
 * });
 */
export function parseConfig(text: string, sources: ConfigSources = {}): TbotConfig {
  const fileName = sources.fileName ?? 'tbot.yaml';
  const overrides = parseOverrides(sources.flags ?? {}, sources.environment ?? {});
  const file = parseConfigFile(text, fileName);
  return merge(file.values, file.source, fileName, overrides);
}

/**
 * {@link parseConfig} of the file at `path`.
 *
 * @throws ConfigError as there; TeleportError `not_found`, `access_denied` or `bad_parameter` when the file cannot be read
 */
export async function loadConfig(path: string, sources: Omit<ConfigSources, 'fileName'> = {}): Promise<TbotConfig> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT')
      throw new TeleportError('not_found', `there is no configuration file ${path}`, { cause });
    if (cause.code === 'EISDIR')
      throw new TeleportError('bad_parameter', `the configuration file ${path} is a directory`, { cause });
    const code = cause.code === 'EACCES' ? 'access_denied' : 'unknown';
    throw new TeleportError(code, `the configuration file ${path} cannot be read: ${cause.code ?? 'unknown error'}`, {
      cause,
    });
  });
  return parseConfig(text, { ...sources, fileName: path });
}

function merge(file: ConfigFile, source: YamlSource, fileName: string, overrides: Overrides): TbotConfig {
  const warnings: string[] = [];
  const issues: ConfigIssue[] = [];
  const refuse = (key: string, message: string, hint?: string): void => {
    const where = key !== '' && key.split('.')[0]! in file ? source.atKey([], key.split('.')[0]!) : {};
    issues.push({ path: key, message, ...where, ...(hint !== undefined && { hint }) });
  };

  const address = chooseAddress(file, overrides, warnings, refuse);
  const onboarding = mergeOnboarding(file, overrides);
  const insecure = overrides.insecure ?? file.insecure ?? false;
  if (insecure && onboarding.caPins) refuse('insecure', 'excludes ca_pins', 'a pin is the safe one: drop insecure');
  if (insecure && onboarding.caPath !== undefined)
    refuse('insecure', 'excludes ca_path', 'a CA file is the safe one: drop insecure');
  if (onboarding.caPins && onboarding.caPath !== undefined)
    refuse('onboarding', 'ca_pins and ca_path exclude each other', 'keep one');
  if (file.store && file.storage) refuse('store', 'stands beside storage, which means the same', 'keep one');
  if (file.certificate_ttl !== undefined) warnings.push('certificate_ttl is an old name: use credential_ttl');

  const credentialTtlMs =
    overrides.credentialTtlMs ?? file.credential_ttl ?? file.certificate_ttl ?? DEFAULT_CREDENTIAL_TTL_MS;
  const renewalIntervalMs = overrides.renewalIntervalMs ?? file.renewal_interval ?? DEFAULT_RENEWAL_INTERVAL_MS;
  if (credentialTtlMs < MIN_TTL_MS) {
    refuse('credential_ttl', `${formatGoDuration(credentialTtlMs)} is below the shortest lifetime, 1m`);
  }
  if (credentialTtlMs < renewalIntervalMs) {
    const [ttl, interval] = [formatGoDuration(credentialTtlMs), formatGoDuration(renewalIntervalMs)];
    warnings.push(`credential_ttl ${ttl} is shorter than renewal_interval ${interval}: renewals follow the ttl`);
  }
  if (credentialTtlMs > MAX_TTL_MS) {
    warnings.push(
      `credential_ttl ${formatGoDuration(credentialTtlMs)} exceeds the cluster's limit of 168h and will be cut`,
    );
  }
  const diagAddress = overrides.diagAddress ?? file.diag_addr;
  if (diagAddress && 'port' in diagAddress && !isLoopback(diagAddress)) {
    const where = diagAddress.host === undefined ? 'every address of this machine' : diagAddress.host;
    warnings.push(`diag_addr is open to whoever reaches ${where}: it tells names of sockets and roles`);
  }
  const sockets = file.sockets ?? [];
  checkSockets(sockets, source, issues);
  if (diagAddress && 'path' in diagAddress && sockets.some(({ path }) => path === diagAddress.path)) {
    refuse('diag_addr', 'is the path of a socket too', 'give the diagnostics a path of their own');
  }
  sockets.forEach((socket, index) => {
    warnings.push(...socketWarnings(socket, `sockets[${index}]`));
  });
  if (issues.length > 0) throw new ConfigError(fileName, issues);
  return {
    ...address,
    onboarding,
    store: overrides.store ?? file.store ?? file.storage ?? { type: 'directory', path: DEFAULT_STORE_PATH },
    credentialTtlMs,
    renewalIntervalMs,
    insecure,
    debug: overrides.debug ?? file.debug ?? false,
    sockets,
    ...(diagAddress && { diagAddress }),
    warnings,
  };
}

type Refuse = (key: string, message: string, hint?: string) => void;

function chooseAddress(
  file: ConfigFile,
  overrides: Overrides,
  warnings: string[],
  refuse: Refuse,
): { authServer?: string; proxyServer?: string } {
  const given = overrides.authServer ?? overrides.proxyServer;
  const inFile = file.auth_server ?? file.proxy_server;
  if (given !== undefined) {
    if (inFile !== undefined && inFile !== given)
      warnings.push(`the address ${given} from outside replaces ${inFile} of the file`);
    return overrides.authServer !== undefined ? { authServer: given } : { proxyServer: given };
  }
  if (file.auth_server !== undefined && file.proxy_server !== undefined) {
    refuse('auth_server', 'stands beside proxy_server', 'keep one address');
  }
  if (inFile === undefined) {
    refuse(
      '',
      'neither auth_server nor proxy_server is set',
      'set one in the file, by --auth-server or --proxy-server, or by TELEPORT_AUTH_SERVER or TELEPORT_PROXY',
    );
    return {};
  }
  return file.auth_server !== undefined ? { authServer: inFile } : { proxyServer: inFile };
}

function mergeOnboarding(file: ConfigFile, overrides: Overrides): Onboarding {
  const token = overrides.token ?? file.onboarding?.token;
  const joinMethod =
    overrides.joinMethod ?? file.onboarding?.join_method ?? (token === undefined ? undefined : 'token');
  const pins = overrides.caPins ?? file.onboarding?.ca_pins;
  const caPath = file.onboarding?.ca_path;
  return {
    ...(joinMethod && { joinMethod }),
    ...(token !== undefined && { token }),
    ...(pins?.length && { caPins: pins }),
    ...(caPath !== undefined && { caPath }),
  };
}

function checkSockets(sockets: readonly SocketConfig[], source: YamlSource, issues: ConfigIssue[]): void {
  sockets.forEach((socket, index) => {
    const first = sockets.findIndex((other) => other.path === socket.path);
    if (first === index) return;
    const message = `is the path of sockets[${first}] too`;
    issues.push({ path: `sockets[${index}].path`, message, ...source.at(['sockets', index, 'path']) });
  });
}
