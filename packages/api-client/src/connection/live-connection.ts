import { connectivityState } from '@grpc/grpc-js';
import { TeleportError } from '@teleport-ts/api-types';
import type { Clock, Timer } from '../clock.ts';
import type { CredentialSet } from '../credentials/credential-set.ts';
import { type Connection, closedError } from '../dialing/connection.ts';
import type { Dialed } from '../dialing/dialer.ts';
import type { Route } from '../dialing/route.ts';
import { VersionDrift } from '../dialing/version-drift.ts';
import type { StatusHub } from '../status/status-hub.ts';
import { Redial } from './redial.ts';

/** How long calls on a connection that has been replaced may still run. */
const DRAIN_MS = 30_000;

/** Makes a connection by any way to any address, the preferred route first. */
export type DialAgain = (options: { prefer: Route; signal: AbortSignal }) => Promise<Dialed>;

/** What {@link LiveConnection} takes. */
export interface LiveConnectionOptions {
  readonly dial: DialAgain;
  readonly status: StatusHub;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * The connection that new calls use. grpc-js makes a broken one again by itself, on the same route; when that fails, all
 * ways to all addresses are tried. A new connection takes the place of the old one when it has answered a call; what runs
 * on the old one may finish.
 */
export class LiveConnection {
  /** To be asked anew for every call. */
  current: Connection;
  /** Told of each session that has come up, by whichever way. */
  onSession: (() => void) | undefined;
  readonly #status: StatusHub;
  readonly #clock: Clock;
  readonly #redial: Redial<Dialed>;
  readonly #draining = new Map<Connection, Promise<void>>();
  readonly #drift: VersionDrift;
  #isLost = false;
  #closing: Promise<void> | undefined;

  constructor(first: Dialed, { dial, status, clock, random }: LiveConnectionOptions) {
    this.current = first.connection;
    this.#drift = new VersionDrift(first.server.version, status);
    this.#status = status;
    this.#clock = clock;
    this.#redial = new Redial({
      dial: async (signal) => {
        const dialed = await dial({ prefer: this.current.route, signal }).catch((error) => {
          // The attempts were told of; the connection that is there is as good as before.
          if (!this.#isLost && !this.closed) this.#sayReady();
          throw error;
        });
        if (signal.aborted) await dialed.connection.close(0);
        signal.throwIfAborted();
        return dialed;
      },
      onDialed: (dialed) => this.#replace(dialed),
      onWait: (wait) => status.emit({ type: 'reconnecting', ...wait }),
      clock,
      random,
    });
    this.#follow(first.connection);
    this.#sayReady();
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Refuses new calls with this error, or lets them through again. */
  refuse(error: TeleportError | undefined): void {
    this.current.refusal = error;
  }

  /** The credential of the latest session. */
  get used(): CredentialSet | undefined {
    return this.current.used;
  }

  /**
   * Moves new calls to a new connection, made with the newest credential. Rejects when the first attempt fails; when that
   * may pass, more follow.
   */
  renew(): Promise<void> {
    return this.#redial.now();
  }

  /** Lets running calls finish for that long, then ends them; settles when no socket is left. Safe to call twice. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const old = [...this.#draining];
    const closing = [this.current, ...old.map(([connection]) => connection)].map((connection) =>
      connection.close(graceMs),
    );
    await Promise.all([this.#redial.close(closedError()), ...closing, ...old.map(([, drained]) => drained)]);
  }

  #replace({ connection, server }: Dialed): void {
    const old = this.current;
    this.current = connection;
    this.#drift.saw(server.version);
    this.#isLost = false;
    old.onState = undefined;
    this.#follow(connection);
    this.#draining.set(
      old,
      this.#drain(old).finally(() => this.#draining.delete(old)),
    );
    this.#sayReady();
    this.onSession?.();
  }

  async #drain(old: Connection): Promise<void> {
    old.replaced();
    let timer: Timer | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = this.#clock.setTimer(DRAIN_MS, resolve);
    });
    await Promise.race([old.idle(), limit]);
    timer?.cancel();
    await old.close(0);
  }

  #follow(connection: Connection): void {
    connection.onState = (state) => {
      if (this.closed) return;
      if (state === connectivityState.TRANSIENT_FAILURE) {
        this.#isLost = true;
        this.#redial.lost(connection.lastFailure ?? lostError(connection.route.address));
        return;
      }
      if (state !== connectivityState.READY) return;
      if (this.#isLost) {
        this.#isLost = false;
        this.#redial.recovered();
        this.#sayReady();
      }
      this.onSession?.();
      this.#drift.ask(connection);
    };
  }

  #sayReady(): void {
    const { method, address } = this.current.route;
    this.#status.emit({ type: 'ready', method, address, serverVersion: this.#drift.version });
  }
}

function lostError(address: string): TeleportError {
  return new TeleportError('connection_problem', `the connection to ${address} was lost`, { retryable: true });
}
