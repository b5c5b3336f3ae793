import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, Server, ServerCredentials, status as Status, type UntypedHandleCall } from '@grpc/grpc-js';
import {
  isTeleportError,
  type TeleportError,
  toDurationMessage,
  toServiceDefinition,
  toTimestamp,
} from '@teleport-ts/api-types';
import { CannedCredentials } from '@teleport-ts/dev-cluster/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  DescribeResponse,
  DynamicCredentialsDefinition,
  Failure,
  type GenerateIdentityRequest,
  GenerateIdentityResponse,
  GetStatusResponse,
} from '../gen/tbot/credentials/v1/credentials.ts';
import { makeKeyPair } from './key-pair.ts';
import { SocketHost } from './socket-host.ts';

// The client of the socket against a gRPC server of another make, which answers with real certificates.

const canned = new CannedCredentials('root.example');
const requests: GenerateIdentityRequest[] = [];

type Reply = (error: unknown, response?: unknown) => void;
type Handler = (request: GenerateIdentityRequest, reply: Reply) => void;

const issue: Handler = (request, reply) => {
  const ttlMs = 3_600_000;
  const certificates = canned.issue({
    tlsPublicKey: String(request.tlsPublicKey),
    sshPublicKey: String(request.sshPublicKey),
    identity: { user: 'bot-ci', roles: ['deployer'], app: { name: 'grafana', publicAddr: 'grafana.example.com' } },
    ttlMs,
  });
  reply(
    null,
    GenerateIdentityResponse.fromPartial({
      tlsCertificate: Buffer.from(certificates.tlsCertificate),
      sshCertificate: Buffer.from(certificates.sshCertificate),
      authorities: canned.authorities.map(({ type, cluster, tlsCertificates, sshPublicKeys }) => ({
        type,
        cluster,
        tlsCertificates: tlsCertificates.map((pem) => Buffer.from(pem)),
        sshPublicKeys: sshPublicKeys.map((line) => Buffer.from(line)),
      })),
      refreshAt: toTimestamp(new Date('2026-11-22T02:00:00.500Z')),
      ttl: { asked: toDurationMessage(7_200_000), effective: toDurationMessage(ttlMs), cutBy: 'max_ttl of the socket' },
      route: {
        cluster: 'root.example',
        proxyAddress: 'root.example:443',
        target: { $case: 'application', value: { name: 'grafana', publicAddress: 'grafana.example.com' } },
      },
    }),
  );
};

let handler: Handler = issue;
let directory: string;
let socket: string;
let server: Server;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tbot-socket-host-'));
  socket = join(directory, 'agent.sock');
  server = await serve(socket);
});
afterAll(async () => {
  server.forceShutdown();
  await rm(directory, { recursive: true, force: true });
});
beforeEach(() => {
  handler = issue;
  requests.length = 0;
});

async function serve(at: string): Promise<Server> {
  const made = new Server();
  const handlers: Record<string, UntypedHandleCall> = {
    generateIdentity: ((call: { request: GenerateIdentityRequest }, reply: Reply) => {
      requests.push(call.request);
      handler(call.request, reply);
    }) as UntypedHandleCall,
    describe: ((_: unknown, reply: Reply) => reply(null, describeResponse)) as UntypedHandleCall,
    getStatus: ((_: unknown, reply: Reply) => reply(null, statusResponse)) as UntypedHandleCall,
  };
  made.addService(toServiceDefinition(DynamicCredentialsDefinition), handlers);
  await new Promise<void>((resolve, reject) => {
    made.bindAsync(`unix:${at}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return made;
}

const describeResponse = DescribeResponse.fromPartial({
  roles: ['deployer'],
  kinds: ['application'],
  clusters: ['root.example'],
  defaultTtl: toDurationMessage(600_000),
  maxTtl: toDurationMessage(3_600_000),
  minTtl: toDurationMessage(60_000),
  socket: '/run/tbot.sock',
  peer: { uid: 1000n, gid: -1n, pid: 7n },
  agentVersion: '1.18.0',
  cluster: 'root.example',
  names: [{ kind: 'application', patterns: ['ci-*'] }],
});

const statusResponse = GetStatusResponse.fromPartial({
  agentVersion: '1.18.0',
  started: toTimestamp(new Date('2026-11-22T01:00:00Z')),
  bot: {
    state: 'degraded',
    botName: 'ci',
    generation: 3,
    expires: toTimestamp(new Date('2026-11-22T02:00:00Z')),
    lastError: 'the cluster is away',
    lastErrorAt: toTimestamp(new Date('2026-11-22T01:30:00Z')),
    warmSessions: 2,
  },
  services: [{ name: 'ca-watch', state: 'healthy' }],
  sockets: [
    {
      path: '/run/tbot.sock',
      roles: ['deployer'],
      issued: 5n,
      refused: 1n,
      failed: 0n,
      kinds: ['identity'],
      streams: 3,
      connections: 4,
    },
  ],
});

async function failureOf(step: Promise<unknown>): Promise<TeleportError> {
  const error = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isTeleportError(error)) throw new Error(`expected a TeleportError, got ${String(error)}`);
  return error;
}

const grafana = { kind: 'application', name: 'grafana' } as const;

describe('generateIdentity', () => {
  test('makes the key itself, sends its public half alone, and puts the identity together', async () => {
    await using host = new SocketHost({ socket: `unix://${socket}` });
    const identity = await host.generateIdentity({
      ...grafana,
      roles: ['deployer'],
      ttlMs: 7_200_000,
      cluster: 'root.example',
    });
    expect(requests[0]).toMatchObject({
      roles: ['deployer'],
      ttl: { seconds: 7200n, nanos: 0 },
      cluster: 'root.example',
      kind: { $case: 'application', value: { name: 'grafana' } },
    });
    expect(identity.privateKey?.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const secret = identity.privateKey!.export({ format: 'jwk' }).d!;
    const sent = JSON.stringify(requests[0], (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(sent).not.toContain(secret);
    expect(String(requests[0]!.tlsPublicKey)).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    expect(identity.tls.app?.name).toBe('grafana');
    expect(identity.ttl).toEqual({ askedMs: 7_200_000, effectiveMs: 3_600_000, cutBy: 'max_ttl of the socket' });
    expect(identity.refreshAt).toEqual(new Date('2026-11-22T02:00:00.500Z'));
    expect(identity.route).toEqual({
      cluster: 'root.example',
      proxyAddress: 'root.example:443',
      application: { name: 'grafana', publicAddress: 'grafana.example.com' },
    });
    expect(identity.authorities).toEqual(canned.authorities);
  });

  test('makes a fresh key for each, over one connection', async () => {
    await using host = new SocketHost({ socket });
    const identities = await Promise.all([1, 2, 3].map(() => host.generateIdentity(grafana)));
    expect(new Set(identities.map(({ privateKeyPem }) => privateKeyPem)).size).toBe(3);
    expect(requests.map(({ roles, ttl, cluster }) => [roles, ttl, cluster])).toEqual(
      Array(3).fill([[], undefined, '']),
    );
  });

  test('uses a pair that was made ahead once, and for the kind that it was made for', async () => {
    await using host = new SocketHost({ socket });
    await host.prepare('application');
    await Promise.all([1, 2].map(() => host.generateIdentity(grafana)));
    await host.prepare('database');
    await host.generateIdentity(grafana);
    const keys = requests.map(({ tlsPublicKey }) => createPublicKey(String(tlsPublicKey)));
    expect(keys.map(({ asymmetricKeyType }) => asymmetricKeyType)).toEqual(['ec', 'ec', 'ec']);
    expect(new Set(requests.map(({ tlsPublicKey }) => String(tlsPublicKey))).size).toBe(3);
  });

  test("takes the caller's own public keys", async () => {
    await using host = new SocketHost({ socket });
    const keys = (await makeKeyPair('application')).publicKeys;
    const identity = await host.generateIdentity({ ...grafana, keys });
    expect(String(requests[0]!.tlsPublicKey)).toBe(keys.tls);
    expect(identity.privateKey).toBeUndefined();
  });

  test('refuses certificates of a key that is not its own', async () => {
    await using host = new SocketHost({ socket });
    const other = await host.generateIdentity(grafana);
    handler = (request, reply) =>
      issue(request, (_, response) =>
        reply(null, { ...(response as GenerateIdentityResponse), tlsCertificate: Buffer.from(other.tlsCertificate!) }),
      );
    const error = await failureOf(host.generateIdentity(grafana));
    expect([error.code, error.message]).toEqual(['bad_parameter', 'the X.509 certificate belongs to another key']);
  });
});

test('describe and status give plain views', async () => {
  await using host = new SocketHost({ socket });
  expect(await host.describe()).toEqual({
    roles: ['deployer'],
    kinds: ['application'],
    clusters: ['root.example'],
    defaultTtlMs: 600_000,
    maxTtlMs: 3_600_000,
    minTtlMs: 60_000,
    socket: '/run/tbot.sock',
    peer: { uid: 1000, pid: 7 },
    agentVersion: '1.18.0',
    proxyAddress: '',
    cluster: 'root.example',
    names: new Map([['application', ['ci-*']]]),
  });
  expect(await host.status()).toEqual({
    agentVersion: '1.18.0',
    started: new Date('2026-11-22T01:00:00Z'),
    bot: {
      state: 'degraded',
      botName: 'ci',
      botInstanceId: '',
      cluster: '',
      address: '',
      serverVersion: '',
      generation: 3,
      expires: new Date('2026-11-22T02:00:00Z'),
      lastError: 'the cluster is away',
      lastErrorAt: new Date('2026-11-22T01:30:00Z'),
      warmSessions: 2,
    },
    services: [{ name: 'ca-watch', state: 'healthy' }],
    sockets: [
      {
        path: '/run/tbot.sock',
        roles: ['deployer'],
        issued: 5,
        refused: 1,
        failed: 0,
        kinds: ['identity'],
        streams: 3,
        connections: 4,
      },
    ],
  });
});

describe('failures', () => {
  function refuse(code: Status, details: string, failure?: Partial<Failure>): void {
    const metadata = new Metadata();
    if (failure) metadata.set('tbot-failure-bin', Buffer.from(Failure.encode(Failure.fromPartial(failure)).finish()));
    handler = (_, reply) => reply({ code, details, metadata });
  }

  test('are told in the words of the agent where it sent some', async () => {
    await using host = new SocketHost({ socket });
    refuse(Status.FAILED_PRECONDITION, 'locked', {
      code: 'locked',
      message: 'the bot is locked: "generation mismatch"',
      hint: 'remove the locks',
      retryAfter: toDurationMessage(5_000),
    });
    const error = await failureOf(host.generateIdentity(grafana));
    expect(error).toMatchObject({
      code: 'locked',
      message: 'the bot is locked: "generation mismatch"',
      hint: 'remove the locks',
      retryable: true,
      rpc: '/tbot.credentials.v1.DynamicCredentials/GenerateIdentity',
    });
  });

  test.each([
    [Status.NOT_FOUND, 'not_found'],
    [Status.PERMISSION_DENIED, 'access_denied'],
    [Status.INVALID_ARGUMENT, 'bad_parameter'],
    [Status.UNAVAILABLE, 'connection_problem'],
    [Status.RESOURCE_EXHAUSTED, 'limit_exceeded'],
    [Status.DEADLINE_EXCEEDED, 'timeout'],
    [Status.UNIMPLEMENTED, 'not_implemented'],
    [Status.INTERNAL, 'unknown'],
  ])('status %i is %s', async (code, expected) => {
    await using host = new SocketHost({ socket });
    refuse(code, 'so says the agent');
    const error = await failureOf(host.generateIdentity(grafana));
    expect([error.code, error.message]).toEqual([expected, expect.stringContaining('so says the agent')]);
  });

  test('an unreadable detail does not hide the failure', async () => {
    await using host = new SocketHost({ socket });
    const metadata = new Metadata();
    metadata.set('tbot-failure-bin', Buffer.from([255, 255, 255]));
    handler = (_, reply) => reply({ code: Status.NOT_FOUND, details: 'no such application', metadata });
    expect(await failureOf(host.generateIdentity(grafana))).toMatchObject({
      code: 'not_found',
      message: 'no such application',
    });
  });

  test('an agent that does not answer in time', async () => {
    handler = () => {};
    await using host = new SocketHost({ socket, timeoutMs: 80 });
    const error = await failureOf(host.generateIdentity(grafana));
    expect([error.code, error.message]).toEqual(['timeout', `the agent at ${socket} did not answer within 0.08 s`]);
  });

  test('an abort is the reason that was given, before and during the call', async () => {
    handler = () => {};
    await using host = new SocketHost({ socket });
    const reason = new Error('enough');
    await expect(host.generateIdentity(grafana, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    handler = () => controller.abort(reason);
    await expect(host.generateIdentity(grafana, { signal: controller.signal })).rejects.toBe(reason);
  });
});
