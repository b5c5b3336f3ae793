import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { caPin } from '@teleport-ts/api-types';
import type { LockV2 } from '@teleport-ts/api-types/proto/teleport/types/lock';
import { RequestExpiry } from './access-requests/request-expiry.ts';
import { AuditLog } from './audit/audit-log.ts';
import { type Clock, systemClock } from './clock.ts';
import type { ClusterContext, LeafDoor } from './cluster-context.ts';
import { addressesOf, type DevClusterOptions } from './dev-cluster-options.ts';
import { notFound } from './errors.ts';
import { EventHub } from './events/event-hub.ts';
import { Gate } from './gate.ts';
import { issueUserCredentials, type UserCredentials, type UserCredentialsRequest } from './issuing/user-credentials.ts';
import { Listeners } from './listeners.ts';
import { silentLogger } from './logger.ts';
import { SecondFactors } from './mfa/second-factors.ts';
import type { SecurityKey } from './mfa/security-key.ts';
import type { AuthorityType } from './pki/cert-authority.ts';
import { IdentityTokens } from './proxy/identity-token.ts';
import { nameOf } from './resources.ts';
import type { RotationPhase } from './rotation/phases.ts';
import { Rotator } from './rotation/rotator.ts';
import { Faults } from './rpc/faults.ts';
import { ReceivedCalls } from './rpc/received-calls.ts';
import { type Application, type ApplicationFields, applicationServer } from './state/applications.ts';
import { Authorities } from './state/authorities.ts';
import { type BotFields, botUserName, putBot } from './state/bots.ts';
import { appServerKey, ClusterState, removeServedHere, serverKey } from './state/cluster-state.ts';
import { type DatabaseFields, databaseServer } from './state/databases.ts';
import { type KubernetesClusterFields, kubernetesServer } from './state/kubernetes-clusters.ts';
import { type LockFields, lockOf } from './state/locks.ts';
import { type NodeFields, nodeServer } from './state/nodes.ts';
import { type RoleFields, roleFrom } from './state/role-fields.ts';
import { type BotTokenFields, botToken } from './state/tokens.ts';
import { newUser, type UserFields } from './state/users.ts';
import { DataDirLock } from './store/data-dir-lock.ts';
import { LeafClusters } from './trust/leaf-clusters.ts';
import { withoutUndefined } from './without-undefined.ts';

/**
 * A Teleport cluster in this process, for development and tests: an auth service, a proxy and a demo application on real
 * sockets, speaking Teleport 18's wire protocol. It keeps no secret worth keeping; never use it for anything else.
 *
 * ```ts
 * await using cluster = await DevCluster.start();
 * cluster.upsertRole({ name: 'deployer', allow: { appLabels: { '*': '*' } } });
 * cluster.addApplication({ name: 'foo' });
 * await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
 * const token = await cluster.createToken({ botName: 'ci' });
 * ```
 */
export class DevCluster implements AsyncDisposable {
  readonly clock: Clock;
  /** The calls that were received. */
  readonly calls: ReceivedCalls = new ReceivedCalls();
  /** What is to go wrong with the calls to come. */
  readonly faults: Faults = new Faults();
  readonly #options: DevClusterOptions;
  readonly #context: ClusterContext;
  readonly #tokens: IdentityTokens;
  readonly #lock: DataDirLock | undefined;
  readonly #gate = new Gate();
  readonly #leaves: LeafClusters;
  readonly #requestExpiry: RequestExpiry;
  #listeners: Listeners | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: DevClusterOptions, lock: DataDirLock | undefined) {
    const { dataDir, name, signatureSuite, clock = systemClock, logger = silentLogger } = options;
    this.#options = options;
    this.#lock = lock;
    this.clock = clock;
    const state = new ClusterState({ name, signatureSuite, dataDir, clock });
    const { facts, store, name: clusterName } = state;
    const authorities = new Authorities({ store, clock, clusterName, suite: () => state.facts.signatureSuite });
    this.#context = {
      state,
      authorities,
      rotator: new Rotator({ authorities, clock, logger }),
      events: new EventHub({ store, authorities, clock }),
      audit: new AuditLog({ clock, clusterName: facts.name }),
      secondFactors: new SecondFactors(facts.name),
      clock,
      logger,
      serverVersion: options.serverVersion ?? '18.0.0',
      addresses: addressesOf(options, facts),
      leaf: (leaf) => this.#leaves.door(leaf),
    };
    this.#tokens = new IdentityTokens(this.#context);
    this.#requestExpiry = new RequestExpiry(this.#context);
    this.#leaves = new LeafClusters(this.#context);
    state.store.ready();
  }

  /**
   * Starts a cluster; it answers when this resolves.
   *
   * @throws Error when a port is taken, the data directory is in use, or holds another cluster
   */
  static async start(options: DevClusterOptions = {}): Promise<DevCluster> {
    const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir);
    const lock = dataDir === undefined ? undefined : DataDirLock.acquire(dataDir);
    let cluster: DevCluster | undefined;
    try {
      cluster = new DevCluster(dataDir === undefined ? options : { ...options, dataDir }, lock);
      if (options.listen === false) return cluster;
      await cluster.#open();
      await cluster.#startLeaves();
      return cluster;
    } catch (error) {
      if (cluster) await cluster.stop();
      else lock?.release();
      throw error;
    }
  }

  /** What the shell looks at. @internal */
  get context(): ClusterContext {
    return this.#context;
  }

  get name(): string {
    return this.#context.state.name;
  }

  /** `127.0.0.1:port` of the auth service. */
  get authAddress(): string {
    return this.#context.addresses.auth;
  }

  /** `localhost:port` of the proxy. */
  get proxyAddress(): string {
    return this.#context.addresses.proxy;
  }

  /** `localhost:port` of the proxy's SSH port, which serves gRPC too; only in the mode `separate`. */
  get proxySshAddress(): string | undefined {
    return this.#context.addresses.ssh;
  }

  /** `localhost:port` of the proxy's tunnel port; only in the mode `separate`. */
  get proxyTunnelAddress(): string | undefined {
    return this.#context.addresses.tunnel;
  }

  /** Pins of the cluster's host authority, for who joins. */
  get caPins(): string[] {
    return this.hostCaPems.map((pem) => caPin(pem));
  }

  /** The host authority, by which clients check the auth service; PEM. */
  get hostCaPems(): string[] {
    return this.#context.authorities.tlsCertificates('host');
  }

  /** The authority behind the proxy's web certificate, PEM. */
  get webCaPem(): string {
    return this.#context.authorities.web.certificate;
  }

  /** The same as a file; only with a data directory. */
  get webCaPath(): string | undefined {
    const { dataDir } = this.#options;
    return dataDir === undefined ? undefined : join(dataDir, 'web-ca.pem');
  }

  /** Makes or replaces a role. */
  upsertRole(fields: RoleFields): void {
    this.#context.state.roles.put(fields.name, roleFrom(fields));
  }

  hasRole(name: string): boolean {
    return this.#context.state.roles.has(name);
  }

  /** Makes or replaces a local user. */
  upsertUser(fields: UserFields): void {
    this.#context.state.users.put(fields.name, newUser(this.#context.state, fields));
  }

  /** Removes a user; every call of its certificates is refused from now on. */
  deleteUser(name: string): void {
    if (!this.#context.state.users.delete(name)) throw notFound(`"user" ${JSON.stringify(name)} does not exist`);
  }

  /** Makes or replaces a bot, which is a user and a role. */
  async upsertBot(fields: BotFields): Promise<{ botName: string; userName: string }> {
    putBot(this.#context.state, fields);
    return { botName: fields.name, userName: botUserName(fields.name) };
  }

  /** Makes a token with which a bot joins once, and returns its name, which is the secret. */
  async createToken(fields: BotTokenFields): Promise<string> {
    const token = botToken(this.#context.state, fields);
    this.#context.state.tokens.put(nameOf(token), token);
    return nameOf(token);
  }

  /**
   * Makes or replaces an application. Without a `uri` the built-in demo application answers for it.
   *
   * @throws TeleportError `bad_parameter` when name or address are no host names, or the `uri` is no URL
   */
  async addApplication(fields: ApplicationFields): Promise<Application> {
    const { state, serverVersion } = this.#context;
    const server = applicationServer(state, fields, serverVersion);
    state.appServers.put(appServerKey(state.facts.hostId, fields.name), server);
    this.#listeners?.renewWebCertificate();
    return { name: fields.name, publicAddr: server.Spec?.App?.Spec?.PublicAddr ?? '' };
  }

  get applications(): Application[] {
    const apps = this.#context.state.appServers.values().map((server) => server.Spec?.App);
    return apps.map((app) => ({ name: app?.Metadata?.Name ?? '', publicAddr: app?.Spec?.PublicAddr ?? '' }));
  }

  removeApplication(name: string): void {
    removeServedHere(this.#context.state, 'appServers', 'app', name);
  }

  /**
   * Makes or replaces a database. Certificates are issued for it; nothing can be reached through the proxy.
   *
   * @throws TeleportError `bad_parameter` when the name, the protocol or the address is none
   */
  addDatabase(fields: DatabaseFields): void {
    const { state, serverVersion } = this.#context;
    const server = databaseServer(state, fields, serverVersion);
    state.databaseServers.put(serverKey(server), server);
  }

  removeDatabase(name: string): void {
    removeServedHere(this.#context.state, 'databaseServers', 'db', name);
  }

  /**
   * Makes or replaces a Kubernetes cluster. Certificates are issued for it; nothing can be reached through the proxy.
   *
   * @throws TeleportError `bad_parameter` when the name is none
   */
  addKubernetesCluster(fields: KubernetesClusterFields): void {
    const { state, serverVersion } = this.#context;
    const server = kubernetesServer(state, fields, serverVersion);
    state.kubernetesServers.put(serverKey(server), server);
  }

  removeKubernetesCluster(name: string): void {
    removeServedHere(this.#context.state, 'kubernetesServers', 'kube_cluster', name);
  }

  /**
   * Makes a node, or replaces the one with its id, and returns the id. The proxy connects to its `addr`, if it has one.
   *
   * @throws TeleportError `bad_parameter` when the host name is none
   */
  addNode(fields: NodeFields): string {
    const node = nodeServer(fields, this.#context.serverVersion);
    this.#context.state.nodes.put(nameOf(node), node);
    return nameOf(node);
  }

  /** Puts a lock in force and returns its name. */
  lock(fields: LockFields): string {
    const lock = lockOf(fields, this.clock.now());
    this.#context.state.locks.put(nameOf(lock), lock);
    return nameOf(lock);
  }

  unlock(name: string): void {
    this.#context.state.locks.delete(name);
  }

  get locks(): readonly LockV2[] {
    return this.#context.state.locks.values();
  }

  /**
   * Takes an authority one step through its rotation: `init`, `update_clients`, `update_servers`, then `standby`; or
   * `rollback` and `standby`. Watchers hear of it; connections stay.
   *
   * @throws TeleportError `bad_parameter` when the phase may not follow the one that the authority is in
   */
  rotate(type: AuthorityType, phase: RotationPhase): Promise<void> {
    return this.#context.rotator.rotate({ type, targetPhase: phase });
  }

  /** Ends all open watches, as after a reset of the fan-out: without an error; their readers must list again. */
  resetWatches(): void {
    this.#context.events.reset();
  }

  /** Credentials of a user without a login, as `tctl auth sign` makes them. */
  issueUserCredentials(request: UserCredentialsRequest): Promise<UserCredentials> {
    return issueUserCredentials(this.#context, request);
  }

  /**
   * Enrols a security key of a user. From then on administrative calls of people need a second factor, as in a cluster that
   * allows WebAuthn only; bots are exempt.
   */
  addSecurityKey({ user }: { user: string }): SecurityKey {
    return this.#context.secondFactors.enrol(user);
  }

  /**
   * A leaf by its name.
   *
   * @throws TeleportError `not_found`
   */
  leaf(name: string): DevCluster {
    return this.#leaves.get(name);
  }

  /**
   * Cuts the cluster off: all connections are reset, and so are those that come until {@link heal}. With `silent` those
   * are swallowed without an answer, as by a network that loses everything.
   */
  partition({ silent = false }: { readonly silent?: boolean } = {}): void {
    this.#gate.shut(silent);
  }

  /** Ends a {@link partition}. */
  heal(): void {
    this.#gate.heal();
  }

  /** Closes everything and comes back on the same ports with the same state, as after a crash of the real one. */
  async restart(): Promise<void> {
    if (this.#stopped) throw new Error('the cluster is stopped');
    await this.#close();
    await this.#open();
  }

  /** Ends all connections and frees the ports. Stopping twice is harmless. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    try {
      this.#context.rotator.stop();
      this.#requestExpiry.stop();
      await this.#leaves.stop();
      await this.#close();
      this.#context.events.close();
      this.#context.state.store.close();
    } finally {
      this.#lock?.release();
    }
  }

  async #open(): Promise<void> {
    const { authorities, state, addresses } = this.#context;
    await Promise.all([authorities.signing('host').prepare(), authorities.signing('user').prepare()]);
    this.#listeners = await Listeners.open({
      context: this.#context,
      tokens: this.#tokens,
      calls: this.calls,
      faults: this.faults,
      host: this.#options.host ?? '127.0.0.1',
      ports: addresses.ports,
      insecureNoTls: this.#options.insecureNoTls === true,
      gate: this.#gate,
    });
    this.#gate.setListening(true);
    addresses.ports = this.#listeners.ports;
    state.rememberPorts(addresses.ports);
    if (this.webCaPath !== undefined) writeFileSync(this.webCaPath, this.webCaPem, { mode: 0o644 });
  }

  async #close(): Promise<void> {
    this.#gate.setListening(false);
    await this.#listeners?.close();
    this.#listeners = undefined;
  }

  async #startLeaves(): Promise<void> {
    const { leaves = [], dataDir, host, clock, logger, serverVersion } = this.#options;
    this.#leaves.expectNone();
    const inherited = { host, clock, logger, serverVersion };
    for (const { roleMap = {}, ...own } of leaves) {
      const folder = dataDir === undefined ? {} : { dataDir: join(dataDir, 'leaves', encodeURIComponent(own.name)) };
      const leaf = await DevCluster.start({ ...withoutUndefined(inherited), ...own, ...folder });
      const entrance = { context: leaf.#context, gate: leaf.#gate, door: () => leaf.#door };
      await this.#leaves.add(leaf, entrance, roleMap);
    }
  }

  /** How the root's proxy gets in. */
  get #door(): LeafDoor | undefined {
    return this.#gate.isOpen ? this.#listeners?.door : undefined;
  }
}
