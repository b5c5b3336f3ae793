import { writeFile } from 'node:fs/promises';
import type { ServerWritableStream, sendUnaryData } from '@grpc/grpc-js';
import { FakeClock, TemporaryDirectory } from '@teleport-ts/dev-cluster/testing';
import { type Client, type ClientOptions, type ClientStatus, type CredentialSource, connect } from '../src/index.ts';
import { AuthServer, refusal } from './auth-server.ts';
import { TestPki } from './pki.ts';
import { until } from './until.ts';

export const pki = new TestPki('root.test');
export const certificate = pki.authService();

type CredentialStatus = Extract<ClientStatus, { type: 'credentials' }>;

/** A client, and what it says of its credential. */
export interface RenewingClient {
  readonly client: Client;
  readonly said: readonly CredentialStatus[];
  /** Waits for such a status, while the moments pass in which changes are waited out. */
  heard(event: CredentialStatus['event']): Promise<CredentialStatus>;
}

/** A server, a folder and a clock that stands still, for clients whose credentials change. */
export class Renewals implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly folder: TemporaryDirectory;
  server: AuthServer;
  /** What the server does with pings; it answers unless told otherwise. */
  refusePing: { code: number; details: string } | undefined;
  /** The calls that wait for an answer. */
  readonly running: { answer: sendUnaryData<object>; stream?: ServerWritableStream<unknown, object> }[] = [];
  readonly #clients: Client[] = [];

  private constructor(folder: TemporaryDirectory, server: AuthServer) {
    this.folder = folder;
    this.server = server;
  }

  static async create(): Promise<Renewals> {
    const server = await AuthServer.start({
      certificate,
      handlers: {
        ping: (_call: unknown, answer: sendUnaryData<object>) =>
          it.refusePing
            ? answer(refusal(it.refusePing.code, it.refusePing.details))
            : answer(null, { ClusterName: 'root.test', ServerVersion: '18.0.0' }),
        getRole: (_call: unknown, answer: sendUnaryData<object>) => void it.running.push({ answer }),
        getCurrentUserRoles: (stream: ServerWritableStream<unknown, object>) =>
          void it.running.push({ answer: () => {}, stream }),
      },
    });
    const it = new Renewals(await TemporaryDirectory.create(), server);
    return it;
  }

  async open(credentials: CredentialSource, options: Partial<ClientOptions> = {}): Promise<RenewingClient> {
    const addresses = [this.server.address];
    // Tries of the calls themselves would wait on the clock that stands still.
    const client = await connect({ addresses, credentials, clock: this.clock, retry: false, ...options });
    this.#clients.push(client);
    const said: CredentialStatus[] = [];
    void (async () => {
      for await (const status of client.status()) if (status.type === 'credentials') said.push(status);
    })();
    const heard = async (event: CredentialStatus['event']): Promise<CredentialStatus> => {
      await this.soon(() => said.some((status) => status.event === event));
      return said.find((status) => status.event === event) as CredentialStatus;
    };
    return { client, said, heard };
  }

  /** Waits until something holds, while the moments pass in which changes are waited out: one may be noticed in parts. */
  async soon(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#isNoticed()) await this.clock.advance(250);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets the time pass in which a change is waited out, once it has been noticed. */
  async noticed(): Promise<void> {
    await until(() => this.#isNoticed());
    await this.clock.advance(250);
  }

  write(name: string, content: string): Promise<void> {
    return writeFile(this.folder.join(name), content);
  }

  /** Serial number of the certificate that the latest connection was made with. */
  lastSerial(): string | undefined {
    return this.server.serials.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close({ graceMs: 0 });
    await this.server[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }

  #isNoticed(): boolean {
    const { nextTimerAt } = this.clock;
    return nextTimerAt !== undefined && nextTimerAt <= this.clock.now() + 250;
  }
}
