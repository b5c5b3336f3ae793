import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import type { z } from 'zod';
import { parseDestinationUri } from '../destinations/uri.ts';
import { parseClusterAddress } from './cluster-address.ts';
import type { DiagAddress, StoreConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { caPin, diagAddress, joinMethod } from './config-schema.ts';
import { duration } from './fields.ts';

/** What may come from the command line besides the file; the spelling of tbot 18's flags is in each comment. */
export interface ConfigFlags {
  /** `--auth-server` */
  readonly authServer?: string | undefined;
  /** `--proxy-server` */
  readonly proxyServer?: string | undefined;
  /** `--token` */
  readonly token?: string | undefined;
  /** `--join-method` */
  readonly joinMethod?: string | undefined;
  /** `--ca-pin`, may be repeated */
  readonly caPins?: readonly string[] | undefined;
  /** `--certificate-ttl`, a Go duration */
  readonly certificateTtl?: string | undefined;
  /** `--renewal-interval`, a Go duration */
  readonly renewalInterval?: string | undefined;
  /** `--storage`, `file:///…` or `memory://` */
  readonly storage?: string | undefined;
  /** `--diag-addr`, `host:port` or `unix:///path` */
  readonly diagAddr?: string | undefined;
  /** `--insecure` */
  readonly insecure?: boolean | undefined;
  /** `--debug` */
  readonly debug?: boolean | undefined;
}

/** The environment variables that are read: those of tbot. */
export type ConfigEnvironment = Readonly<Record<string, string | undefined>>;

/** Flags and variables together, each checked. */
export interface Overrides {
  readonly authServer?: string;
  readonly proxyServer?: string;
  readonly token?: string;
  readonly joinMethod?: 'token';
  readonly caPins?: readonly string[];
  readonly credentialTtlMs?: number;
  readonly renewalIntervalMs?: number;
  readonly store?: StoreConfig;
  readonly diagAddress?: DiagAddress;
  readonly insecure?: boolean;
  readonly debug?: boolean;
}

/**
 * Checks flags and variables. A flag beats a variable; an address flag beats both address variables.
 *
 * @throws ConfigError naming the flag or the variable
 */
export function parseOverrides(flags: ConfigFlags, environment: ConfigEnvironment): Overrides {
  const byFlag = flags.authServer !== undefined || flags.proxyServer !== undefined;
  const variable = (name: string): string | undefined => environment[name] || undefined;
  const [authFrom, authServer] = byFlag
    ? ['--auth-server', flags.authServer]
    : ['TELEPORT_AUTH_SERVER', variable('TELEPORT_AUTH_SERVER')];
  const [proxyFrom, proxyServer] = byFlag
    ? ['--proxy-server', flags.proxyServer]
    : ['TELEPORT_PROXY', variable('TELEPORT_PROXY')];
  if (authServer !== undefined && proxyServer !== undefined) {
    throw new ConfigError('', [
      { path: '', message: `${authFrom} and ${proxyFrom} are both given`, hint: 'give one address' },
    ]);
  }
  const token = flags.token ?? variable('TELEPORT_BOT_TOKEN');
  if (token?.trim() === '') throw new ConfigError('', [{ path: '--token', message: 'must not be empty' }]);
  return withoutAbsent({
    authServer: checked(authFrom!, authServer, parseClusterAddress),
    proxyServer: checked(proxyFrom!, proxyServer, parseClusterAddress),
    token,
    joinMethod: checked('--join-method', flags.joinMethod, by(joinMethod)),
    caPins: flags.caPins?.length ? flags.caPins.map((pin) => checked('--ca-pin', pin, by(caPin))!) : undefined,
    credentialTtlMs: checked('--certificate-ttl', flags.certificateTtl, by(duration)),
    renewalIntervalMs: checked('--renewal-interval', flags.renewalInterval, by(duration)),
    store: checked('--storage', flags.storage, parseDestinationUri),
    diagAddress: checked('--diag-addr', flags.diagAddr, by(diagAddress)),
    insecure: flags.insecure,
    debug: flags.debug,
  });
}

function by<T>(schema: z.ZodType<T>): (text: string) => T {
  return (text) => {
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0]!;
    const hint: unknown = issue.code === 'custom' ? issue.params?.hint : undefined;
    throw new TeleportError('bad_parameter', issue.message, typeof hint === 'string' ? { hint } : {});
  };
}

function checked<T>(name: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!isTeleportError(error)) throw error;
    throw new ConfigError('', [
      { path: name, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) },
    ]);
  }
}

function withoutAbsent<T extends object>(entries: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as T;
}
