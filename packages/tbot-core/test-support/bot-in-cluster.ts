import { isTeleportError, type TeleportError } from '@teleport-ts/api-types';
import { DevCluster, type DevClusterOptions } from '@teleport-ts/dev-cluster';
import { FakeClock, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { Bot } from '../src/bot.ts';
import type { BotOptions } from '../src/bot-types.ts';
import type { Destination } from '../src/destinations/destination.ts';
import { DirectoryDestination } from '../src/destinations/directory.ts';
import { MemoryDestination } from '../src/destinations/memory.ts';
import type { Logger } from '../src/logger.ts';

export const MINUTE = 60_000;

/** Timers up to this far ahead are taken for something that is waited for; later ones for plans. */
const SOON_MS = 20_000;

/**
 * A cluster with the bot `ci` (role `deployer`), the application `foo` that the role may see and `secret` that it may not,
 * on a clock that the test moves.
 */
export class BotInCluster implements AsyncDisposable {
  readonly cluster: DevCluster;
  readonly clock: FakeClock;
  readonly folder: TemporaryDirectory;
  readonly #lines: string[] = [];
  readonly #opened: AsyncDisposable[] = [];

  private constructor(cluster: DevCluster, clock: FakeClock, folder: TemporaryDirectory) {
    this.cluster = cluster;
    this.clock = clock;
    this.folder = folder;
  }

  static async start(options: DevClusterOptions = {}): Promise<BotInCluster> {
    const clock = new FakeClock();
    const cluster = await DevCluster.start({ clock, ...options });
    const made = new BotInCluster(cluster, clock, await TemporaryDirectory.create());
    await made.restore();
    return made;
  }

  /** Closes the bots and puts the cluster back to how it was in the beginning; only the time has gone on. */
  async restore(): Promise<void> {
    const { cluster } = this;
    for (const resource of this.#opened.splice(0).reverse()) await resource[Symbol.asyncDispose]();
    cluster.faults.clear();
    for (const lock of cluster.locks) cluster.unlock(lock.Metadata!.Name);
    cluster.upsertRole({ name: 'deployer', allow: { appLabels: { team: 'dev' } } });
    cluster.upsertRole({ name: 'admin', allow: { appLabels: { '*': '*' } } });
    await cluster.upsertBot({ name: 'ci', roles: ['deployer'] });
    await cluster.addApplication({ name: 'foo', labels: { team: 'dev' } });
    await cluster.addApplication({ name: 'secret', labels: { team: 'board' } });
    cluster.calls.clear();
    this.#lines.length = 0;
  }

  /** All that was logged. */
  get log(): string {
    return this.#lines.join('\n');
  }

  token(expiresInMs?: number): Promise<string> {
    return this.cluster.createToken({ botName: 'ci', ...(expiresInMs !== undefined && { expiresInMs }) });
  }

  /** Starts a bot that is closed with this; at the auth service unless told otherwise. */
  async bot(options: Partial<BotOptions> = {}): Promise<Bot> {
    const anyAddress = options.proxyServer !== undefined || options.authServer !== undefined;
    const bot = await Bot.start({
      ...(!anyAddress && { authServer: this.cluster.authAddress }),
      store: new MemoryDestination(),
      webCa: [this.cluster.webCaPem],
      clock: this.clock,
      random: () => 0,
      logger: this.#logger,
      ...options,
    });
    this.#opened.push(bot);
    return bot;
  }

  /** Starts a bot that joins with a fresh token. */
  async joined(options: Partial<BotOptions> = {}): Promise<Bot> {
    return await this.bot({ onboarding: { token: await this.token(), caPins: this.cluster.caPins }, ...options });
  }

  /** The directory store; opened anew as by a new process. */
  async directory(): Promise<Destination> {
    const destination = await DirectoryDestination.open(this.folder.join('store'));
    this.#opened.push(destination);
    return destination;
  }

  /** Lets the time go on while `work` waits for its timers. */
  async withTime<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = (): void => {
      over = true;
    };
    work.then(ended, ended);
    while (!over) {
      const next = this.clock.nextTimerAt;
      await this.clock.advance(next !== undefined && next - this.clock.now() < SOON_MS ? 500 : 0);
    }
    return await work;
  }

  /** The failure of `work`, while the time goes on. */
  async failure(work: Promise<unknown>): Promise<TeleportError> {
    const error = await this.withTime(work).then(
      () => new Error('it did not fail'),
      (reason: unknown) => reason,
    );
    if (!isTeleportError(error)) throw error;
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.restore();
    await this.cluster.stop();
    await this.folder[Symbol.asyncDispose]();
  }

  readonly #note =
    (level: string) =>
    (fields: object, message: string): void => {
      this.#lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
    };

  readonly #logger: Logger = {
    debug: this.#note('debug'),
    info: this.#note('info'),
    warn: this.#note('warn'),
    error: this.#note('error'),
  };
}

/**
 * Resolves as soon as `condition` holds; for what real sockets bring about and nobody announces.
 *
 * @throws Error when it does not hold within ten seconds
 */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`not within ten seconds: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
