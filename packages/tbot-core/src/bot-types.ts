import type { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from './clock.ts';
import type { CallOptions, CredentialKind, DestinationHost } from './destination-host.ts';
import type { Destination } from './destinations/destination.ts';
import type { Logger } from './logger.ts';
import type { WatchState } from './rotation/authority-watch.ts';

export type { WatchState };

/** How a bot comes to its first identity; the `onboarding` part of a `tbot.yaml`. */
export interface Onboarding {
  /** Only `token` for now: a secret that a cluster administrator made, good for one join. */
  joinMethod?: 'token';
  /** The token, or the absolute path of a file that holds it. Never logged. */
  token?: string;
  /** `sha256:<hex>` pins of the cluster's host CA; checked before the token is sent. Excludes `caPath`. */
  caPins?: readonly string[];
  /** A PEM file with the cluster's host CA; only for joining an auth service. Excludes `caPins`. */
  caPath?: string;
}

/** What {@link Bot.start} takes. */
export interface BotOptions {
  /** `host:port` of an auth service or, as in the RFD's example, of a proxy's web address: it is found out. */
  authServer?: string;
  /** `host:port` of a proxy's web address. Exactly one of `authServer` and `proxyServer` must be given. */
  proxyServer?: string;
  /** Needed when the store holds no identity that can be renewed. */
  onboarding?: Onboarding;
  /** Where the bot keeps its own identity. The bot locks, reads and writes it; it does not close it. */
  store: Destination;
  /** Trust whatever certificate the first answer comes with. Excludes pins and a CA file. Default false. */
  insecure?: boolean;
  /** CA certificates (PEM) that the proxy's web certificate may chain to, besides Node's own list. */
  webCa?: readonly string[];
  /** Wanted lifetime of the bot's own certificates, and the default for what it issues. Default 1 hour. */
  credentialTtlMs?: number;
  /** Time between two renewals of the bot's own identity. Default 20 minutes. */
  renewalIntervalMs?: number;
  /** The connect-time check that the server's major version fits. Default on. */
  skipVersionCheck?: boolean;
  /** The package that hints tell the user to install in another version. Default `@teleport-ts/tbot-core`. */
  packageName?: string;
  clock?: Clock;
  /** A number in [0, 1) for jitter. Default `Math.random`. */
  random?: () => number;
  logger?: Logger;
  /** Gives up starting. Has no effect once the bot runs. */
  signal?: AbortSignal;
}

/**
 * How the bot is:
 * - `running`: the last renewal worked
 * - `renewing`: a renewal is on its way
 * - `degraded`: renewal fails, the identity still lives
 * - `locked`: the cluster refuses everything; an administrator must remove the locks
 * - `expired`: the identity's life is over
 */
export type BotState = 'running' | 'renewing' | 'degraded' | 'locked' | 'expired';

/** A picture of the bot at one moment; the `BotStatus` of the Dynamic Credential API. */
export interface BotStatus {
  state: BotState;
  botName: string;
  botInstanceId: string;
  /** Name of the bot's own cluster. */
  cluster: string;
  /** The address that the cluster was reached by. */
  address: string;
  serverVersion: string;
  /** How often the identity was issued anew; starts at 1. */
  generation: number;
  /** End of the bot's own identity. */
  expires: Date;
  nextRenewal?: Date;
  /** The last failure of a renewal; gone after a success. */
  lastError?: string;
  lastErrorAt?: Date;
  /** Role sets that a session is kept for, so that a credential costs one call to the cluster. */
  warmSessions: number;
  /** How the watch is doing that tells of rotations. */
  authorityWatch: WatchState;
}

/** What the bot can issue. */
export interface BotDescription {
  /** The roles that the bot may impersonate, sorted. */
  roles: readonly string[];
  /** The bot's own cluster first, then its known leaves, sorted. */
  clusters: readonly string[];
  cluster: string;
  /** `host:port` of the proxy's web address, empty when the cluster names none. */
  proxyAddress: string;
  kinds: readonly CredentialKind[];
  defaultTtlMs: number;
  minTtlMs: number;
}

/**
 * A running bot: keeps its own identity fresh and issues credentials. {@link Bot} is the one that speaks to a cluster.
 */
export interface RunningBot extends DestinationHost, AsyncDisposable {
  status(): BotStatus;
  /** @throws TeleportError when the cluster cannot be asked */
  describe(options?: CallOptions): Promise<BotDescription>;
  /** Renews the bot's own identity now, or joins the renewal that is on its way. */
  renew(options?: CallOptions): Promise<void>;
  /** Settles when the bot has stopped: with what ended it, or undefined after `close`. Never rejects. */
  readonly closed: Promise<TeleportError | undefined>;
  /** Ends renewal and connections; calls in flight may finish within `graceMs` (default 5 s). Safe to call twice. */
  close(options?: { graceMs?: number }): Promise<void>;
}
