import type { Client } from '@teleport-ts/api-client';
import { TeleportError } from '@teleport-ts/api-types';
import type { Clock } from '../clock.ts';
import { Kept } from '../kept.ts';
import type { TrustedAuthority } from '../trusted-authority.ts';
import { trustedAuthorities } from './authorities.ts';
import { KeptRoles } from './kept-roles.ts';
import { leafClusters } from './leaf-clusters.ts';
import { impersonableRoles, offendingRoles, RolesRefusedError } from './own-role.ts';

/** How long authorities are taken for true when nobody would tell of a change, and when somebody does. */
const AUTHORITIES_MS = 30_000;
const WATCHED_AUTHORITIES_MS = 10 * 60_000;
const LEAVES_MS = 10_000;

export interface ClusterFactsOptions {
  /** The bot's own connection at that moment. */
  readonly client: () => Client;
  readonly botUser: string;
  /** Name of the bot's own cluster. */
  readonly cluster: string;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Since when each change of an authority is told of by `forgetAuthorities`; undefined while it may not be. */
  readonly watchedSinceMs: () => number | undefined;
}

/**
 * What the bot knows about its cluster, asked on its own connection and kept: authorities until a watch tells of a change,
 * roles as a slow poll has them, leaves for some seconds.
 */
export class ClusterFacts {
  readonly cluster: string;
  readonly #roles: KeptRoles;
  readonly #leaves: Kept<readonly string[]>;
  readonly #authorities: Kept<readonly TrustedAuthority[]>;

  constructor({ client, botUser, cluster, clock, random, watchedSinceMs }: ClusterFactsOptions) {
    this.cluster = cluster;
    this.#roles = new KeptRoles({ fetch: () => impersonableRoles(client(), botUser), clock, random });
    this.#leaves = new Kept(clock, LEAVES_MS, () => leafClusters(client()));
    const isWatched = (fetchedAtMs: number): boolean => fetchedAtMs >= (watchedSinceMs() ?? Number.POSITIVE_INFINITY);
    this.#authorities = new Kept(
      clock,
      (fetchedAtMs) => (isWatched(fetchedAtMs) ? WATCHED_AUTHORITIES_MS : AUTHORITIES_MS),
      () => trustedAuthorities(client()),
    );
  }

  /** To be told of roles that the bot may not impersonate any more, or may now: all that it may, patterns included. */
  set onRoles(listener: (roles: readonly string[]) => void) {
    this.#roles.onChange = listener;
  }

  /** Ends the polling. */
  close(): void {
    this.#roles.close();
  }

  /** To be asked anew: one of the authorities has changed. */
  forgetAuthorities(): void {
    this.#authorities.forget();
  }

  /** Certificate authorities of the cluster and its leaves. */
  authorities(): Promise<readonly TrustedAuthority[]> {
    return this.#authorities.get();
  }

  /** Roles that the bot may impersonate by name; patterns in its role are left out. */
  async roles(): Promise<readonly string[]> {
    return (await this.#roles.get()).filter((role) => !role.includes('*'));
  }

  /** The bot's own cluster first, then its leaves. */
  async clusters(): Promise<readonly string[]> {
    return [this.cluster, ...(await this.#leaves.get())];
  }

  /**
   * The roles to ask for: those that were asked, all that the bot may impersonate if none were.
   *
   * @throws RolesRefusedError naming those that the bot may not impersonate
   */
  async chooseRoles(asked: readonly string[] = []): Promise<readonly string[]> {
    if (asked.length === 0) {
      const all = await this.roles();
      if (all.length > 0) return all;
      throw new TeleportError('access_denied', 'the bot may impersonate no role', {
        hint: 'give the bot roles: `tctl bots update <name> --add-roles …`',
      });
    }
    const roles = [...new Set(asked)];
    // What is kept may be older than a change that just gave the bot the role.
    if (offendingRoles(roles, await this.#roles.get()).length > 0) await this.checkRoles(roles);
    return roles;
  }

  /**
   * Compares roles with what the cluster says now.
   *
   * @throws RolesRefusedError
   */
  async checkRoles(roles: readonly string[], cause?: unknown): Promise<void> {
    const allowed = await this.#roles.refresh();
    const offending = offendingRoles(roles, allowed);
    if (offending.length > 0) throw new RolesRefusedError(offending, allowed, cause);
  }

  /**
   * The cluster a credential is for: the bot's own by default, or a leaf by name.
   *
   * @throws TeleportError `not_found` naming the known ones
   */
  async chooseCluster(asked: string | undefined): Promise<string> {
    if (asked === undefined || asked === '' || asked === this.cluster) return this.cluster;
    // A leaf that has gone meanwhile is refused by the cluster itself.
    if ((await this.#leaves.soon()).includes(asked)) return asked;
    const known = await this.#leaves.refresh();
    if (known.includes(asked)) return asked;
    throw new TeleportError('not_found', `there is no cluster ${JSON.stringify(asked)}`, {
      hint: `the clusters known here: ${[this.cluster, ...known].join(', ')}`,
    });
  }
}
