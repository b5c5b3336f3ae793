/** The ports that a cluster listens on; SSH and tunnel only where the web port is not the one for all. */
export interface ClusterPorts {
  readonly auth: number;
  readonly proxy: number;
  readonly ssh?: number;
  readonly tunnel?: number;
}

const LOOPBACK = new Set(['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost']);

/** Where a cluster is reached: what clients are told. */
export class Addresses {
  readonly #host: string;
  readonly #public: (() => string) | undefined;
  ports: ClusterPorts;

  /**
   * @param host the address that is bound
   * @param proxyPublic where clients reach the web port, when something stands in front of it
   */
  constructor(host: string, ports: ClusterPorts, proxyPublic?: () => string) {
    this.#host = host;
    this.#public = proxyPublic;
    this.ports = ports;
  }

  get auth(): string {
    return this.#at('127.0.0.1', this.ports.auth);
  }

  get proxy(): string {
    return this.#at('localhost', this.ports.proxy);
  }

  /** What clients are told of the web port. */
  get proxyPublic(): string {
    return this.#public?.() ?? this.proxy;
  }

  get ssh(): string | undefined {
    return this.ports.ssh === undefined ? undefined : this.#at('localhost', this.ports.ssh);
  }

  get tunnel(): string | undefined {
    return this.ports.tunnel === undefined ? undefined : this.#at('localhost', this.ports.tunnel);
  }

  #at(loopback: string, port: number): string {
    return `${LOOPBACK.has(this.#host) ? loopback : this.#host}:${port}`;
  }
}
