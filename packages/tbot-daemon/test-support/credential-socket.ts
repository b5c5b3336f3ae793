import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { HealthDefinition } from '@teleport-ts/api-types/proto/grpc/health/v1/health';
import { CREDENTIAL_KINDS, Identity, type IdentityRequest, silentLogger, systemClock } from '@teleport-ts/tbot-core';
import {
  DynamicCredentialsDefinition,
  Failure,
  type GenerateIdentityResponse,
  GetStatusResponse,
} from '@teleport-ts/tbot-core/proto';
import { afterEach, beforeEach } from 'vitest';
import type { AuditRecord } from '../src/audit/audit-record.ts';
import { CredentialSocket, type CredentialSocketOptions } from '../src/credential-socket.ts';
import { RequestLimiter } from '../src/policy/request-limits.ts';
import type { IssuingBot } from '../src/service/issuance.ts';
import { SocketCounters } from '../src/service/socket-counters.ts';
import { loadPeerReader, type PeerReader } from '../src/sockets/peer-credentials.ts';

export const certificate = readFileSync(new URL('../testdata/teleport-18/application.crt', import.meta.url), 'utf8');
export const recorded = (): Identity =>
  Identity.create({
    tlsCertificate: certificate,
    authorities: [],
    route: { cluster: 'root.example', application: { name: 'foo', publicAddress: 'foo.root.example' } },
    ttl: { askedMs: 3_600_000, effectiveMs: 3_600_000 },
  });
export const roles: readonly string[] = recorded().roles;

export const readPeer: PeerReader | undefined = loadPeerReader();
export const root: boolean = process.getuid?.() === 0;

/** Undone after each test, the last first. */
export const ending: (() => unknown)[] = [];

/** The socket of the running test. */
export let path: string;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credential-socket-'));
  chmodSync(folder, 0o755);
  path = join(folder, 'tbot.sock');
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** A socket before a bot that issues one recorded certificate, whatever is asked. */
export async function open(more: Partial<CredentialSocketOptions> = {}, bot: Partial<IssuingBot> = {}) {
  const records: AuditRecord[] = [];
  const asked: IdentityRequest[] = [];
  const counters = new SocketCounters(path, roles);
  const issuing = {
    generateIdentity: async (request: IdentityRequest) => {
      asked.push(request);
      return recorded();
    },
    describe: async () => ({
      roles,
      clusters: ['root.example', 'leaf.example'],
      cluster: 'root.example',
      proxyAddress: 'root.example:443',
      kinds: ['application'],
      defaultTtlMs: 3_600_000,
      minTtlMs: 60_000,
    }),
    status: () => ({ cluster: 'root.example', expires: new Date('2026-11-22T02:50:00Z') }),
    ...bot,
  } as unknown as IssuingBot;
  const socket = await CredentialSocket.open({
    path,
    access: {},
    ...(readPeer && { readPeer }),
    policy: {
      roles,
      kinds: CREDENTIAL_KINDS,
      names: {},
      ttl: { defaultMs: 3_600_000, maxMs: 3_600_000, maxName: 'max_ttl of the socket', minMs: 60_000 },
    },
    limiter: new RequestLimiter({}, Date.now),
    bot: () => issuing,
    audit: {
      ready: async () => {},
      record: async (record) => {
        records.push(record);
      },
      [Symbol.asyncDispose]: async () => {},
    },
    counters,
    status: () => GetStatusResponse.fromPartial({ agentVersion: '1.18.0' }),
    isServing: () => true,
    clock: systemClock,
    logger: silentLogger,
    agentVersion: '1.18.0',
    ...more,
  });
  ending.push(() => socket.close({ graceMs: 0 }));
  return { socket, records, asked, counters };
}

export function client(): Client {
  const made = new Client(`unix:${path}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  ending.push(() => made.close());
  return made;
}

type Methods = typeof DynamicCredentialsDefinition.methods;

export function call<Response>(
  name: keyof Methods,
  request: object = {},
  on = client(),
  deadlineMs = 10_000,
): Promise<Response> {
  const method = toMethodDefinition(DynamicCredentialsDefinition, name);
  const codec = DynamicCredentialsDefinition.methods[name].requestType;
  return new Promise((resolve, reject) => {
    on.makeUnaryRequest(
      method.path,
      method.requestSerialize as (value: unknown) => Buffer,
      method.responseDeserialize as (bytes: Buffer) => unknown,
      codec.fromPartial(request as never),
      new Metadata(),
      { deadline: Date.now() + deadlineMs },
      (error, response) => (error ? reject(error) : resolve(response as Response)),
    );
  });
}

export const generate = (request: object = {}, on?: Client, deadlineMs?: number) =>
  call<GenerateIdentityResponse>(
    'generateIdentity',
    { kind: { $case: 'application', value: { name: 'foo' } }, ...request },
    on,
    deadlineMs,
  );

export async function failure(pending: Promise<unknown>) {
  const error = (await pending.then(
    () => {
      throw new Error('succeeded');
    },
    (reason) => reason,
  )) as ServiceError;
  const [trailer] = error.metadata?.get('tbot-failure-bin') ?? [];
  return { code: error.code, details: error.details, failure: trailer && Failure.decode(trailer as Buffer) };
}

export function health(service: string): Promise<{ status: number }> {
  const method = toMethodDefinition(HealthDefinition, 'check');
  return new Promise((resolve, reject) => {
    client().makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { service },
      (error, response) => (error ? reject(error) : resolve(response as { status: number })),
    );
  });
}
