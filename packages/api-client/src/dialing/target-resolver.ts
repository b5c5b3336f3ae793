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

/** An address as grpc-js hands it to `net.connect`. */
type Dialable = { readonly path: string } | { readonly host: string; readonly port: number };

/**
 * Name resolution for one dial. grpc-js’s own resolver tells neither why a name was not found nor lets go of a connection
 * that is being made; this one notes the reason, and each address carries a signal that ends the attempt. For a route that
 * opens its own stream it gives the placeholder.
 */
export class TargetResolver implements experimental.Resolver {
  readonly #listener: experimental.ResolverListener;
  readonly #dial: DialCredentials;
  /** Stands for the look-up that is under way; a channel that goes idle forgets it. */
  #lookingUp: object | undefined;
  #again: NodeJS.Timeout | undefined;
  #notBefore = 0;
  /** An IP address or a placeholder needs no second answer. */
  #answeredForGood = false;

  constructor(_target: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    this.#listener = listener;
    this.#dial = options[DIAL_OPTION] as DialCredentials;
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return target.path;
  }

  updateResolution(): void {
    if (this.#lookingUp || this.#again || this.#answeredForGood) return;
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
    const own = {};
    this.#lookingUp = own;
    void this.#resolve(() => this.#lookingUp === own).finally(() => {
      if (this.#lookingUp === own) this.#lookingUp = undefined;
    });
  }

  /** Called when the channel is closed, and also when it goes idle: then it asks again one day, and must be answered. */
  destroy(): void {
    this.#lookingUp = undefined;
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#notBefore = 0;
    this.#answeredForGood = false;
  }

  async #resolve(isWanted: () => boolean): Promise<void> {
    const dial = this.#dial;
    try {
      const found = await this.#find();
      if (!isWanted()) return;
      this.#notBefore = performance.now() + MIN_BETWEEN_LOOKUPS_MS;
      this.#answeredForGood = dial.route.open !== undefined || isIP(dial.route.host) > 0;
      const endpoints = found.map((address) => ({
        addresses: [
          {
            ...address,
            // Read by net.connect once for each connection.
            get signal(): AbortSignal {
              return dial.connecting();
            },
          },
        ],
      }));
      this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    } catch (error) {
      if (!isWanted()) return;
      const failure = dial.fail('dns', error);
      this.#listener(
        experimental.statusOrFromError({ code: status.UNAVAILABLE, details: failure.error.message }),
        {},
        null,
        '',
      );
    }
  }

  async #find(): Promise<Dialable[]> {
    const { host, port, open } = this.#dial.route;
    if (open) return [await this.#dial.placeholder()];
    if (isIP(host)) return [{ host, port }];
    return (await lookup(host, { all: true })).map(({ address }) => ({ host: address, port }));
  }
}
