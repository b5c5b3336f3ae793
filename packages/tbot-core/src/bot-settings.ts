import { TeleportError } from '@teleport-ts/api-types';
import type { BotOptions, Onboarding } from './bot-types.ts';
import { type Clock, systemClock } from './clock.ts';
import type { DialSettings } from './cluster/dial.ts';
import { parseClusterAddress } from './config/cluster-address.ts';
import { DEFAULT_CREDENTIAL_TTL_MS, DEFAULT_RENEWAL_INTERVAL_MS, MIN_TTL_MS } from './config/config.ts';
import { type Logger, silentLogger } from './logger.ts';

/** {@link BotOptions}, checked and with all defaults. */
export interface BotSettings {
  readonly dial: DialSettings;
  /** The address is that of a proxy; else it is found out. */
  readonly proxy: boolean;
  readonly onboarding: Onboarding;
  readonly ttlMs: number;
  readonly renewalIntervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

/** @throws TeleportError `bad_parameter` naming the option */
export function botSettings(options: BotOptions): BotSettings {
  const { authServer, proxyServer, onboarding = {}, insecure = false } = options;
  const { clock = systemClock, random = Math.random, logger = silentLogger } = options;
  if ((authServer === undefined) === (proxyServer === undefined)) {
    throw bad('exactly one of authServer and proxyServer must be given');
  }
  const joinMethod: string = onboarding.joinMethod ?? 'token';
  if (joinMethod !== 'token') throw bad(`the join method ${JSON.stringify(joinMethod)} is not supported`);
  if (onboarding.caPins && onboarding.caPath !== undefined) throw bad('caPins and caPath exclude each other');
  if (insecure && (onboarding.caPins || onboarding.caPath !== undefined))
    throw bad('insecure excludes caPins and caPath');
  const ttlMs = options.credentialTtlMs ?? DEFAULT_CREDENTIAL_TTL_MS;
  if (!(ttlMs >= MIN_TTL_MS)) throw bad(`credentialTtlMs is ${ttlMs}, at least ${MIN_TTL_MS} is needed`);
  const renewalIntervalMs = options.renewalIntervalMs ?? DEFAULT_RENEWAL_INTERVAL_MS;
  if (!(renewalIntervalMs > 0)) throw bad(`renewalIntervalMs is ${renewalIntervalMs}, more than zero is needed`);
  return {
    dial: {
      address: parseClusterAddress((authServer ?? proxyServer)!),
      webCa: options.webCa,
      insecure,
      skipVersionCheck: options.skipVersionCheck,
      packageName: options.packageName ?? '@teleport-ts/tbot-core',
      clock,
      logger,
    },
    proxy: proxyServer !== undefined,
    onboarding,
    ttlMs,
    renewalIntervalMs,
    clock,
    random,
    logger,
  };
}

function bad(message: string): TeleportError {
  return new TeleportError('bad_parameter', message);
}
