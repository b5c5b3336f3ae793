import { type ClientReadableStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { type CaRotation, Identity, type IdentityRequest } from '@teleport-ts/tbot-core';
import { DynamicCredentialsDefinition } from '@teleport-ts/tbot-core/proto';
import { expect } from 'vitest';
import type { CredentialSocketOptions } from '../src/credential-socket.ts';
import type { IssuingBot } from '../src/service/issuance.ts';
import { certificate, client, ending, open, roles } from './credential-socket.ts';

/** What came on a stream, in its order, and how it ended. */
export class Received<T> {
  readonly messages: T[] = [];
  readonly headers: Metadata[] = [];
  ended: { code: number; details: string; metadata: Metadata } | undefined;
  readonly stream: ClientReadableStream<T>;

  constructor(stream: ClientReadableStream<T>) {
    this.stream = stream;
    stream.on('metadata', (metadata: Metadata) => this.headers.push(metadata));
    stream.on('data', (message: T) => this.messages.push(message));
    stream.on('error', (error: ServiceError) => {
      this.ended = error;
    });
    stream.on('end', () => {
      this.ended ??= { code: 0, details: '', metadata: new Metadata() };
    });
    ending.push(() => stream.cancel());
  }

  /** Waits until that many have come. */
  async count(wanted: number): Promise<T[]> {
    await expect.poll(() => this.ended ?? this.messages.length, { interval: 2 }).toBe(wanted);
    return this.messages;
  }

  async opened(): Promise<void> {
    await expect.poll(() => this.headers.length, { interval: 2 }).toBe(1);
  }

  async end(): Promise<NonNullable<Received<T>['ended']>> {
    await expect.poll(() => this.ended !== undefined, { interval: 2 }).toBe(true);
    return this.ended!;
  }
}

/** Opens a stream of a socket. */
export function stream<T>(
  name: 'watchIdentity' | 'listenForRotation',
  request: object,
  { on = client(), deadlineMs = 86_400_000 }: { on?: ReturnType<typeof client>; deadlineMs?: number } = {},
): Received<T> {
  const method = toMethodDefinition(DynamicCredentialsDefinition, name);
  const codec = DynamicCredentialsDefinition.methods[name].requestType;
  return new Received<T>(
    on.makeServerStreamRequest(
      method.path,
      method.requestSerialize as (value: unknown) => Buffer,
      method.responseDeserialize as unknown as (bytes: Buffer) => T,
      codec.fromPartial(request as never),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
    ),
  );
}

/** A bot on a clock of the test's own: it issues what is asked for, tells of rotations, and fails when told to. */
export async function openWithBot(more: Partial<CredentialSocketOptions> = {}) {
  const clock = new FakeClock();
  const asked: IdentityRequest[] = [];
  const bot = {
    failure: undefined as Error | undefined,
    listening: 0,
    tell: undefined as ((rotation: CaRotation) => void) | undefined,
  };
  const issuing: Partial<IssuingBot> = {
    generateIdentity: async (request) => {
      asked.push(request);
      if (bot.failure) throw bot.failure;
      const ttlMs = request.ttlMs ?? 3_600_000;
      return Identity.create({
        tlsCertificate: certificate,
        authorities: [],
        roles,
        expires: new Date(clock.now() + ttlMs),
        refreshAt: new Date(clock.now() + (ttlMs * 2) / 3),
        route: { cluster: 'root.example', application: { name: 'foo', publicAddress: 'foo.root.example' } },
      });
    },
    async *listenForRotation({ signal } = {}) {
      bot.listening += 1;
      try {
        for (;;) {
          yield await new Promise<CaRotation>((resolve, reject) => {
            bot.tell = resolve;
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
          });
        }
      } finally {
        bot.listening -= 1;
      }
    },
    status: () => ({ cluster: 'root.example', expires: new Date(clock.now() + 7_200_000) }) as never,
  };
  const opened = await open({ clock, ...more }, issuing);
  return { ...opened, clock, asked, bot };
}
