import type { Onboarding } from '../bot-types.ts';
import type { CredentialKind } from '../destination-host.ts';

/** What a `tbot.yaml`, flags and environment variables say together: checked, with all defaults filled in. */
export interface TbotConfig {
  /** `host:port` of an auth service or a proxy's web address; exactly one of the two addresses is set. */
  readonly authServer?: string;
  readonly proxyServer?: string;
  readonly onboarding: Onboarding;
  readonly store: StoreConfig;
  /** Wanted lifetime of certificates, the bot's own and issued ones. Default 1 hour. */
  readonly credentialTtlMs: number;
  /** Default 20 minutes. */
  readonly renewalIntervalMs: number;
  readonly insecure: boolean;
  /** More detail in the log. */
  readonly debug: boolean;
  readonly sockets: readonly SocketConfig[];
  /** Where `/metrics`, `/livez` and `/readyz` are served; absent: nowhere. */
  readonly diagAddress?: DiagAddress;
  /** What works but is probably not meant, for the log. */
  readonly warnings: readonly string[];
}

/** Where the bot keeps its own identity. */
export type StoreConfig = { readonly type: 'memory' } | { readonly type: 'directory'; readonly path: string };

/** An address for HTTP: a TCP port (without `host`: on all addresses of the machine), or the path of a unix socket. */
export type DiagAddress = { readonly host?: string; readonly port: number } | { readonly path: string };

/** One socket of the Dynamic Credential API. */
export interface SocketConfig {
  /** Absolute path. */
  readonly path: string;
  /** Upper limit and default; absent: all that the bot may impersonate. Never empty. */
  readonly roles?: readonly string[];
  /** File mode of the socket. Default 0o600. */
  readonly mode: number;
  readonly owner?: UserOrGroupName;
  readonly group?: UserOrGroupName;
  /** Who else may open the socket, by ACL entries. */
  readonly readers: readonly Principal[];
  /** Who may ask, by the kernel's word; absent: whoever the file system lets in. Never empty. */
  readonly allow?: readonly Principal[];
  /** What may be asked for. Without `identity` among them a certificate is good for its own kind alone. Default: all. */
  readonly kinds: readonly CredentialKind[];
  /** Name patterns of applications (`*` stands for any text); absent: all. */
  readonly applications?: readonly string[];
  /** Name patterns of databases, as {@link applications}. */
  readonly databases?: readonly string[];
  /** Name patterns of Kubernetes clusters, as {@link applications}. */
  readonly kubernetesClusters?: readonly string[];
  /** Clusters that may be named; absent: the bot's own and its leaves. */
  readonly clusters?: readonly string[];
  /** Cap of what may be asked for; absent: the agent's `credentialTtlMs`. */
  readonly maxTtlMs?: number;
  readonly limits: SocketLimits;
  /** Absent: the agent's log. */
  readonly audit?: AuditConfig;
}

/** A file that the decisions of a socket are recorded in. */
export interface AuditConfig {
  /** Absolute path. */
  readonly file: string;
  /** Each line holds the hash of the one before, so that a change in between is seen. Default false. */
  readonly chain?: boolean;
}

/** A name, or a numeric id. */
export type UserOrGroupName = string | number;

/** A user or a group of the machine. */
export type Principal = { readonly user: UserOrGroupName } | { readonly group: UserOrGroupName };

/** Limits of one socket; an absent one is off. */
export interface SocketLimits {
  /** Requests per second of the whole socket. Default 50. */
  readonly ratePerSecond?: number;
  /** How many requests may come at once before the rate bites. Default 100. */
  readonly burst?: number;
  /** Requests per second of one user. Default 20. */
  readonly ratePerUserPerSecond?: number;
  /** Streams that are open at one time, and as many calls that wait for their answer beside them. Default 1000. */
  readonly streams?: number;
}

/** The limits of a socket that says nothing about them. */
export const DEFAULT_SOCKET_LIMITS: Required<SocketLimits> = {
  ratePerSecond: 50,
  burst: 100,
  ratePerUserPerSecond: 20,
  streams: 1000,
};

/** Where the bot's own identity is kept when the configuration does not say: Teleport's place for it. */
export const DEFAULT_STORE_PATH = '/var/lib/teleport/bot';

/** Shortest lifetime that may be asked for: that of the shortest SSH certificate. */
export const MIN_TTL_MS = 60_000;

/** Longest lifetime that the cluster grants to bots. */
export const MAX_TTL_MS: number = 7 * 24 * 3_600_000;

/** `credential_ttl` when nothing is configured. */
export const DEFAULT_CREDENTIAL_TTL_MS: number = 3_600_000;

/** `renewal_interval` when nothing is configured. */
export const DEFAULT_RENEWAL_INTERVAL_MS: number = 20 * 60_000;
