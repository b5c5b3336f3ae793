import { hostname } from 'node:os';
import type { Client } from '@teleport-ts/api-client';
import { TELEPORT_API_VERSION, toDurationMessage, toTimestamp } from '@teleport-ts/api-types';
import { BotInstanceServiceDefinition } from '@teleport-ts/api-types/proto/teleport/machineid/v1/bot_instance_service';
import type { Clock, Timer } from '../clock.ts';
import type { Logger } from '../logger.ts';

/** As tbot: at start, then every half hour. */
const INTERVAL_MS = 30 * 60_000;

export interface HeartbeatOptions {
  /** The bot's own connection at that moment. */
  readonly client: () => Client;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells the cluster regularly that this instance of the bot lives. A failure is logged and has no other effect. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #startedAtMs: number;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.now();
    void this.#beat(true);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #beat(isStartup: boolean): Promise<void> {
    const { client, clock, logger } = this.#options;
    const now = clock.now();
    this.#timer = clock.setTimer(INTERVAL_MS, () => void this.#beat(false));
    try {
      const heartbeat = {
        recordedAt: toTimestamp(new Date(now)),
        isStartup,
        version: TELEPORT_API_VERSION,
        hostname: hostname(),
        uptime: toDurationMessage(now - this.#startedAtMs),
        joinMethod: 'token',
        oneShot: false,
        architecture: process.arch,
        os: process.platform,
      };
      await client().service(BotInstanceServiceDefinition).submitHeartbeat({ heartbeat });
    } catch (error) {
      if (!this.#closed)
        logger.debug({ error: error instanceof Error ? error.message : String(error) }, 'the heartbeat was not taken');
    }
  }
}
