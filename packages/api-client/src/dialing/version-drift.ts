import { parseVersion, TELEPORT_MAJOR } from '@teleport-ts/api-types';
import type { StatusHub } from '../status/status-hub.ts';
import type { Connection } from './connection.ts';
import { firstPing } from './first-ping.ts';

/** A server that has just taken a connection answers soon, or it does not matter. */
const ASK_MS = 10_000;

/**
 * Follows the version of the server from session to session: it may be upgraded while a client is connected. The client
 * goes on; its status says so.
 */
export class VersionDrift {
  #version: string;
  readonly #status: StatusHub;

  /** @param version that the server had when the client connected */
  constructor(version: string, status: StatusHub) {
    this.#version = version;
    this.#status = status;
  }

  /** The version seen last. */
  get version(): string {
    return this.#version;
  }

  /** Takes note of what the server says it is now. */
  saw(version: string): void {
    if (version === this.#version) return;
    this.#version = version;
    this.#status.emit({ type: 'version', verdict: verdict(version), server: version });
  }

  /** Asks over a connection that grpc-js has made again. Who does not answer changes nothing. */
  ask(connection: Connection): void {
    firstPing(connection, AbortSignal.timeout(ASK_MS)).then(
      ({ version }) => this.saw(version),
      () => {},
    );
  }
}

function verdict(version: string): 'skew' | 'too-old' | 'too-new' {
  const major = parseVersion(version)?.major ?? TELEPORT_MAJOR;
  if (major < TELEPORT_MAJOR) return 'too-old';
  return major > TELEPORT_MAJOR + 1 ? 'too-new' : 'skew';
}
