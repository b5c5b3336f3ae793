import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';
import type { DialCredentials } from './dial-credentials.ts';

/** The channel option that carries the dial’s own state to the resolver. */
export const DIAL_OPTION = 'teleport.dial';
const SCHEME = 'teleport';
const MIN_BETWEEN_LOOKUPS_MS = 30_000;

/** The gRPC target of a route, for {@link TargetResolver}. */
export function targetOf(address: string): string {
  registerOnce();
  return `${SCHEME}:${address}`;
}

let registered = false;
function registerOnce(): void {
  if (registered) return;
  registered = true;
  experimental.registerResolver(SCHEME, TargetResolver);
}

/**
 * Name resolution for one dial. grpc-js’s own resolver tells neither why a name was not found nor lets go of a connection
 * that is being made; this one notes the reason, and each address carries a signal that ends the attempt.
 */
class TargetResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #dial: DialCredentials;
  #lookingUp = false;
  #again: NodeJS.Timeout | undefined;
  #notBefore = 0;
  #destroyed = false;
  /** An IP address needs no second answer. */
  #answeredForGood = false;

  constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.#listener = listener;
    this.#dial = options[DIAL_OPTION] as DialCredentials;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path;
  }

  updateResolution(): void {
    if (this.#lookingUp || this.#again || this.#destroyed || this.#answeredForGood) return;
    const waitMs = this.#notBefore - performance.now();
    if (waitMs > 0) {
      // Answering every time would spin: a failed connection asks for a new answer at once.
      this.#again = setTimeout(() => {
        this.#again = undefined;
        this.updateResolution();
      }, waitMs);
      this.#again.unref();
      return;
    }
    this.#lookingUp = true;
    void this.#resolve().finally(() => {
      this.#lookingUp = false;
    });
  }

  destroy(): void {
    this.#destroyed = true;
    clearTimeout(this.#again);
    this.#again = undefined;
  }

  async #resolve(): Promise<void> {
    const dial = this.#dial;
    const { host, port } = dial.route;
    try {
      const found = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
      this.#notBefore = performance.now() + MIN_BETWEEN_LOOKUPS_MS;
      this.#answeredForGood = isIP(host) > 0;
      if (this.#destroyed) return;
      const endpoints = found.map((address) => ({
        addresses: [
          {
            host: address,
            port,
            // Read by net.connect once for each connection.
            get signal(): AbortSignal {
              return dial.connecting();
            },
          },
        ],
      }));
      this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    } catch (error) {
      if (this.#destroyed) return;
      const failure = dial.fail('dns', error);
      this.#listener(
        experimental.statusOrFromError({ code: status.UNAVAILABLE, details: failure.error.message }),
        {},
        null,
        '',
      );
    }
  }
}
