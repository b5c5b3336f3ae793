import { generateKeyPairSync } from 'node:crypto';
import { Client, type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import { sshPublicKeyLine, toMethodDefinition } from '@teleport-ts/api-types';
import {
  DynamicCredentialsDefinition,
  type GenerateIdentityRequest,
  GenerateIdentityRequest as GenerateIdentityRequestMessage,
  type GenerateIdentityResponse,
  type WatchIdentityResponse,
} from '@teleport-ts/tbot-core/proto';
import { APPLICATION, DATABASE } from './names.ts';

const method = toMethodDefinition(DynamicCredentialsDefinition, 'generateIdentity');
const watchMethod = toMethodDefinition(DynamicCredentialsDefinition, 'watchIdentity');

/** Path of the method by which credentials are asked for. */
export const ISSUE_METHOD: string = method.path;

/** A request for an application's credential with the caller's own keys, the same pair in all requests. */
export function issueRequest(): GenerateIdentityRequest {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return GenerateIdentityRequestMessage.fromPartial({
    tlsPublicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }) as string),
    sshPublicKey: Buffer.from(sshPublicKeyLine(publicKey)),
    kind: { $case: 'application', value: { name: APPLICATION } },
  });
}

/** A request for a database's credential with a pair that the agent makes. */
export const databaseRequest: GenerateIdentityRequest = GenerateIdentityRequestMessage.fromPartial({
  kind: { $case: 'database', value: { name: DATABASE, username: 'alice', database: 'main' } },
});

/** Asks a socket by bare grpc-js: the same load whoever answers. */
export class Caller implements Disposable {
  readonly #client: Client;
  readonly #request: GenerateIdentityRequest;

  constructor(socket: string, request: GenerateIdentityRequest) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#request = request;
  }

  issue(): Promise<GenerateIdentityResponse> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        this.#request,
        new Metadata(),
        { deadline: Date.now() + 60_000 },
        (error, response) => (error ? reject(error) : resolve(response as GenerateIdentityResponse)),
      );
    });
  }

  /** Opens a stream of credentials; settles with its first. The stream goes on until the caller is closed. */
  watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stream: ClientReadableStream<WatchIdentityResponse> = this.#client.makeServerStreamRequest(
        watchMethod.path,
        watchMethod.requestSerialize,
        watchMethod.responseDeserialize,
        { request: this.#request, knownSerial: '' },
        new Metadata(),
      );
      stream.once('data', () => resolve());
      stream.on('error', reject);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
