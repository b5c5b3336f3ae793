import { setMaxListeners } from 'node:events';
import type { Client } from '@teleport-ts/api-client';
import { isTeleportError, TeleportError } from '@teleport-ts/api-types';
import { BotIdentityStore } from './bot-identity/bot-identity-store.ts';
import { type FirstIdentity, firstIdentity, rejoin } from './bot-identity/first-identity.ts';
import { Heartbeat } from './bot-identity/heartbeat.ts';
import { IdentityKeeper } from './bot-identity/identity-keeper.ts';
import { openLink } from './bot-identity/open-link.ts';
import { prepareRenewal } from './bot-identity/renew.ts';
import { type BotSettings, botSettings } from './bot-settings.ts';
import type { BotDescription, BotOptions, BotState, BotStatus, RunningBot } from './bot-types.ts';
import type { BotLink } from './cluster/bot-link.ts';
import { ClusterFacts } from './cluster/cluster-facts.ts';
import { CredentialIssuer } from './cluster/credential-issuer.ts';
import { dial, dialClock } from './cluster/dial.ts';
import { RolesRefusedError } from './cluster/own-role.ts';
import { MIN_TTL_MS } from './config/config.ts';
import {
  type CallOptions,
  type CaRotation,
  CREDENTIAL_KINDS,
  type IdentityRequest,
  type WatchOptions,
} from './destination-host.ts';
import type { DestinationLock } from './destinations/destination.ts';
import type { Identity } from './identity.ts';
import { clientForIdentity } from './identity-client.ts';
import type { Logger } from './logger.ts';
import { AfterRotation } from './rotation/after-rotation.ts';
import { AuthorityWatch } from './rotation/authority-watch.ts';
import { RotationFeed } from './rotation/rotation-feed.ts';
import { patience, waitFor } from './waiting.ts';
import { renewing } from './watching/renewing.ts';

/** How long calls on their way may go on when the bot is closed. */
const CLOSE_GRACE_MS = 5_000;

/**
 * A Machine ID bot in this process: joins a cluster or picks up a stored identity, keeps that identity fresh, and issues
 * short-lived credentials for the roles that the bot may impersonate.
 *
 * It is a `DestinationHost`; `SocketHost` is the one for a bot in another process.
 *
 * @example
 * await using bot = await Bot.start({
 *   proxyServer: 'teleport.example.com:443',
 *   onboarding: { token: '/run/secrets/join-token' },
 *   store: await openDestination('/var/lib/my-bot'),
 * });
 * const identity = await bot.generateIdentity({ kind: 'application', name: 'grafana' });
 */
export class Bot implements RunningBot {
  readonly logger: Logger;
  readonly closed: Promise<TeleportError | undefined>;
  readonly #settings: BotSettings;
  readonly #lock: DestinationLock;
  readonly #link: BotLink;
  readonly #keeper: IdentityKeeper;
  readonly #facts: ClusterFacts;
  readonly #issuer: CredentialIssuer;
  /** Of the bot's own cluster: an identity that the old authority has signed cannot be renewed when it is gone. */
  readonly #ownRotations: AfterRotation;
  /** Of leaves too: sessions may trust what is about to go. */
  readonly #anyRotations: AfterRotation;
  readonly #rotations = new RotationFeed();
  /** What ends with the bot. */
  readonly #over = new AbortController();
  #authorities: AuthorityWatch | undefined;
  #heartbeat: Heartbeat | undefined;
  #settle!: (end: TeleportError | undefined) => void;
  #closing: Promise<void> | undefined;
  #examining: Promise<void> | undefined;

  private constructor(parts: BotParts) {
    const { first, settings, link, store } = parts;
    const { clock, random, logger, ttlMs, renewalIntervalMs: intervalMs } = settings;
    const { identity } = first;
    const client = (): Client => this.#link.client;
    this.logger = logger;
    this.#settings = settings;
    this.#lock = parts.lock;
    this.#link = link;
    // As many as there are watches.
    setMaxListeners(0, this.#over.signal);
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#keeper = new IdentityKeeper(identity, first.saved, {
      steps: {
        prepare: (current) => prepareRenewal(client(), current, new Date(clock.now() + ttlMs)),
        note: (current) => store.noteRenewal(current),
        save: (next) => store.save(next),
        adopt: async (next) => {
          await link.replace(next);
          this.#authorities?.moved();
        },
        ping: () => client().ping({ timeoutMs: 10_000 }),
        rejoin: (current) => rejoin(current, settings),
      },
      intervalMs,
      clock,
      random,
      logger,
      onEnd: (error) => void this.#stop(0, error),
    });
    const botUser = identity.tls.user;
    this.#facts = new ClusterFacts({
      client,
      botUser,
      cluster: identity.cluster,
      clock,
      random,
      watchedSinceMs: () => this.#authorities?.syncedSinceMs,
    });
    this.#ownRotations = new AfterRotation({ run: () => void this.#renewAfterRotation(), clock, random });
    this.#anyRotations = new AfterRotation({ run: () => this.#issuer.replaceSessions(), clock, random });
    this.#issuer = new CredentialIssuer({
      client,
      botUser,
      facts: this.#facts,
      proxyAddress: () => this.#proxyAddress(),
      dial: (credential, leaf) =>
        leaf === undefined
          ? dial(settings.dial, credential)
          : dial({ ...settings.dial, address: this.#leafGateway() }, credential, { cluster: leaf }),
      defaultTtlMs: ttlMs,
      clock,
      random,
    });
  }

  /**
   * Starts a bot: renews a stored identity, or joins when there is none or when the token has changed.
   *
   * @throws TeleportError `bad_parameter` (options), `unknown` (clock skew), `not_found` (neither identity nor token), `access_denied`
   * (token or CA pin refused), `expired`, `locked`, `already_exists` (the store is in use), `connection_problem`
   */
  static async start(options: BotOptions): Promise<Bot> {
    const settings = botSettings(options);
    const lock = await options.store.lock();
    let bot: Bot | undefined;
    try {
      const store = new BotIdentityStore(options.store);
      const first = await firstIdentity(store, options.store.persistent, settings, options.signal);
      const link = await openLink(first, settings, options.signal);
      bot = new Bot({ first, settings, link, store, lock });
      if (first.stored) await bot.#renewAtStart(first, store);
      else bot.#keeper.schedule();
      bot.#authorities = bot.#watchAuthorities();
      bot.#heartbeat = new Heartbeat({ client: () => link.client, clock: settings.clock, logger: settings.logger });
      return bot;
    } catch (error) {
      if (bot) await bot.#stop(0, isTeleportError(error) ? error : undefined);
      else await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  async generateIdentity(request: IdentityRequest, options: CallOptions = {}): Promise<Identity> {
    this.#assertOpen();
    using limit = patience(options, 'issuing the credential');
    try {
      return await this.#issuer.issue(request, limit.signal);
    } catch (error) {
      if (isTeleportError(error, 'access_denied') && !(error instanceof RolesRefusedError)) this.#examine(error);
      throw error;
    }
  }

  watchIdentity(request: IdentityRequest, options: WatchOptions = {}): AsyncIterable<Identity> {
    const { clock, random } = this.#settings;
    return renewing(this, request, { ...options, clock, random, over: this.#over.signal });
  }

  /** `timeoutMs` has no meaning here. */
  listenForRotation(options: CallOptions = {}): AsyncIterable<CaRotation> {
    return this.#rotations.listen(options.signal);
  }

  async clientForIdentity(identity: Identity, options: CallOptions = {}): Promise<Client> {
    this.#assertOpen();
    const { address, clock, ...settings } = this.#settings.dial;
    const addresses = (leaf: string | undefined): string[] => [leaf === undefined ? address : this.#leafGateway()];
    return await clientForIdentity(identity, { ...settings, ...options, addresses, clock: dialClock(clock) });
  }

  status(): BotStatus {
    const { identity, lastFailure, nextRenewal } = this.#keeper;
    const { tls } = identity;
    return {
      state: this.#state(),
      botName: tls.botName ?? tls.user.replace(/^bot-/, ''),
      botInstanceId: tls.botInstanceId ?? '',
      cluster: identity.cluster,
      address: this.#link.client.connection.address,
      serverVersion: this.#link.client.server.version,
      generation: tls.generation,
      expires: tls.notAfter,
      ...(nextRenewal && { nextRenewal }),
      ...(lastFailure && { lastError: lastFailure.message, lastErrorAt: lastFailure.at }),
      warmSessions: this.#issuer.warmSessions,
      authorityWatch: this.#authorities?.status ?? { state: 'starting' },
    };
  }

  async describe(options: CallOptions = {}): Promise<BotDescription> {
    this.#assertOpen();
    using limit = patience(options, 'asking the cluster');
    const asked = Promise.all([this.#facts.roles(), this.#facts.clusters()]);
    const [roles, clusters] = await waitFor(asked, limit.signal);
    return {
      roles,
      clusters,
      cluster: this.#facts.cluster,
      proxyAddress: this.#proxyAddress(),
      kinds: CREDENTIAL_KINDS,
      defaultTtlMs: this.#settings.ttlMs,
      minTtlMs: MIN_TTL_MS,
    };
  }

  async renew(options: CallOptions = {}): Promise<void> {
    this.#assertOpen();
    using limit = patience(options, 'renewing the identity of the bot');
    await waitFor(this.#keeper.renew(), limit.signal);
  }

  close(options: { graceMs?: number } = {}): Promise<void> {
    return this.#stop(options.graceMs ?? CLOSE_GRACE_MS, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A failure that the next try may mend does not keep the bot from starting: its stored identity is still good. */
  async #renewAtStart(first: FirstIdentity, store: BotIdentityStore): Promise<void> {
    await store.noteRenewal(first.identity);
    try {
      await this.#keeper.renew();
    } catch (error) {
      if (this.#keeper.end) throw this.#keeper.end;
      this.logger.warn(
        { error: error instanceof Error ? error.message : String(error) },
        'starting with the stored identity',
      );
    }
  }

  #watchAuthorities(): AuthorityWatch {
    const { clock, random } = this.#settings;
    return new AuthorityWatch({
      client: () => this.#link.client,
      clock,
      random,
      onChange: () => this.#facts.forgetAuthorities(),
      onRotation: (rotation) => {
        const { type, cluster, phase, reason, deadline } = rotation;
        this.logger.info({ type, cluster, phase, ...(deadline && { deadline }) }, reason);
        this.#anyRotations.rotation(rotation);
        if (cluster === this.#facts.cluster) this.#ownRotations.rotation(rotation);
        this.#rotations.tell(rotation);
      },
    });
  }

  /** One that is on its way may have been signed before the rotation. A failure is judged and told by the keeper. */
  async #renewAfterRotation(): Promise<void> {
    if (this.#keeper.renewing) await this.#keeper.renew().catch(() => {});
    await this.#keeper.renew().catch(() => {});
  }

  #state(): BotState {
    const { end, identity, renewing, lastFailure } = this.#keeper;
    if (end?.code === 'locked') return 'locked';
    if (!identity.validAt(this.#settings.clock.now())) return 'expired';
    if (renewing) return 'renewing';
    return end || lastFailure ? 'degraded' : 'running';
  }

  /** Leaves are reached through a proxy only: the one that is dialled anyway, else the one that the cluster names. */
  #leafGateway(): string {
    const { address } = this.#settings.dial;
    return this.#link.client.connection.method === 'auth' ? this.#proxyAddress() || address : address;
  }

  #proxyAddress(): string {
    const { server, connection } = this.#link.client;
    return server.proxyPublicAddress || (connection.method === 'tls-routing' ? connection.address : '');
  }

  #assertOpen(): void {
    if (this.#keeper.end) throw this.#keeper.end;
    if (this.#closing) throw new TeleportError('canceled', 'the bot is closed');
  }

  /** A refusal may be a lock on the whole bot, which then should say so and stop. */
  #examine(error: TeleportError): void {
    this.#examining ??= this.#keeper.examine(error).finally(() => {
      this.#examining = undefined;
    });
    this.#examining.catch(() => {});
  }

  #stop(graceMs: number, end: TeleportError | undefined): Promise<void> {
    this.#closing ??= this.#shutDown(graceMs, end);
    return this.#closing;
  }

  async #shutDown(graceMs: number, end: TeleportError | undefined): Promise<void> {
    this.#heartbeat?.close();
    this.#ownRotations.close();
    this.#anyRotations.close();
    this.#facts.close();
    const over = end ?? new TeleportError('canceled', 'the bot is closed');
    this.#rotations.close(over);
    this.#over.abort(over);
    try {
      // When the keeper itself has ended, the renewal that it would be waiting for is the caller of this.
      if (!end) await this.#keeper.close();
      await this.#authorities?.close();
      await this.#issuer.close();
      await this.#link.close(graceMs);
      await this.#lock[Symbol.asyncDispose]();
    } finally {
      this.#settle(end);
    }
  }
}

interface BotParts {
  readonly first: FirstIdentity;
  readonly settings: BotSettings;
  readonly link: BotLink;
  readonly store: BotIdentityStore;
  readonly lock: DestinationLock;
}
