import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { TeleportError, toMethodDefinition } from '@teleport-ts/api-types';
import { HealthDefinition } from '@teleport-ts/api-types/proto/grpc/health/v1/health';
import { Identity, type IdentityRequest, silentLogger, systemClock } from '@teleport-ts/tbot-core';
import {
  DynamicCredentialsDefinition,
  Failure,
  GenerateIdentityRequest,
  type GenerateIdentityResponse,
  GetStatusResponse,
} from '@teleport-ts/tbot-core/proto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditRecord } from './audit/audit-record.ts';
import { CredentialSocket, type CredentialSocketOptions } from './credential-socket.ts';
import { RequestLimiter } from './policy/request-limits.ts';
import type { IssuingBot } from './service/credential-service.ts';
import { SocketCounters } from './service/socket-counters.ts';
import { loadPeerReader } from './sockets/peer-credentials.ts';

const certificate = readFileSync(new URL('../testdata/teleport-18/application.crt', import.meta.url), 'utf8');
const recorded = (): Identity =>
  Identity.create({
    tlsCertificate: certificate,
    authorities: [],
    route: { cluster: 'root.example', application: { name: 'foo', publicAddress: 'foo.root.example' } },
    ttl: { askedMs: 3_600_000, effectiveMs: 3_600_000 },
  });
const roles = recorded().roles;

const readPeer = loadPeerReader();
const root = process.getuid?.() === 0;

let folder: string;
let path: string;
const ending: (() => unknown)[] = [];

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
async function open(more: Partial<CredentialSocketOptions> = {}, bot: Partial<IssuingBot> = {}) {
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
      kinds: ['application'],
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

function client(): Client {
  const made = new Client(`unix:${path}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  ending.push(() => made.close());
  return made;
}

type Methods = typeof DynamicCredentialsDefinition.methods;

function call<Response>(
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

const generate = (request: object = {}, on?: Client, deadlineMs?: number) =>
  call<GenerateIdentityResponse>(
    'generateIdentity',
    { kind: { $case: 'application', value: { name: 'foo' } }, ...request },
    on,
    deadlineMs,
  );

async function failure(pending: Promise<unknown>) {
  const error = (await pending.then(
    () => {
      throw new Error('succeeded');
    },
    (reason) => reason,
  )) as ServiceError;
  const [trailer] = error.metadata?.get('tbot-failure-bin') ?? [];
  return { code: error.code, details: error.details, failure: trailer && Failure.decode(trailer as Buffer) };
}

describe('an issued credential', () => {
  test('is answered with what the certificate says, and recorded', async () => {
    const { records, asked, counters } = await open();
    const answer = await generate();
    expect(answer.tlsCertificate.toString()).toBe(certificate);
    expect(answer).toMatchObject({
      roles,
      user: 'bot-ci',
      issuingCluster: 'root.example',
      serial: expect.stringMatching(/^[0-9a-f]+$/),
      route: { cluster: 'root.example', target: { value: { name: 'foo', publicAddress: 'foo.root.example' } } },
      ttl: { asked: { seconds: 3600n }, effective: { seconds: 3600n }, cutBy: '' },
    });
    expect(asked).toEqual([{ kind: 'application', name: 'foo', cluster: 'root.example', ttlMs: 3_600_000, roles }]);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      event: 'credential',
      socket: path,
      ...(readPeer && { peer: { uid: process.getuid?.(), gid: process.getgid?.(), pid: process.pid } }),
      request: { kind: 'application', name: 'foo', cluster: '', roles: [], own_key: false },
      outcome: 'issued',
      roles,
      ttl: '1h0m0s',
      serial: answer.serial,
    });
    expect(counters.status()).toMatchObject({ issued: 1, refused: 0, failed: 0 });
  });

  test('a ttl above the cap is cut, and the answer says by what', async () => {
    const { asked } = await open();
    const answer = await generate({ ttl: { seconds: 7200n, nanos: 0 } });
    expect(asked[0]?.ttlMs).toBe(3_600_000);
    expect(answer.ttl).toMatchObject({
      asked: { seconds: 7200n },
      effective: { seconds: 3600n },
      cutBy: 'max_ttl of the socket',
    });
  });
});

describe('a refusal', () => {
  test('by role names the offenders in its detail', async () => {
    const { records, counters } = await open();
    expect(await failure(generate({ roles: [roles[0]!, 'admin'] }))).toMatchObject({
      code: 7,
      details: 'this socket does not allow the role "admin"',
      failure: {
        code: 'access_denied',
        hint: `it allows: ${roles.join(', ')}`,
        offendingRoles: ['admin'],
        botExpires: { seconds: BigInt(Date.parse('2026-11-22T02:50:00Z') / 1000) },
      },
    });
    expect(records[0]).toMatchObject({
      outcome: 'refused',
      code: 'access_denied',
      request: { roles: [roles[0], 'admin'] },
    });
    expect(counters.status()).toMatchObject({ issued: 0, refused: 1, failed: 0 });
  });

  test.each([
    ['the request does not say what the credential is for', { kind: undefined }],
    ['the ttl must be positive, it is 0s', { ttl: { seconds: 0n, nanos: 0 } }],
    ['the ttl is not a duration', { ttl: { seconds: 1n, nanos: -5 } }],
    ['the ttl 59s is below the minimum of 1m0s', { ttl: { seconds: 59n, nanos: 0 } }],
    ['tls_public_key is not a PEM block PUBLIC KEY', { tlsPublicKey: Buffer.from('nonsense') }],
    [
      'tls_public_key is not a PEM block PUBLIC KEY',
      { tlsPublicKey: Buffer.from('-----BEGIN PRIVATE KEY-----\nAAAA\n') },
    ],
    ['ssh_public_key is not a line of authorized_keys', { sshPublicKey: Buffer.from('ssh-rsa !!') }],
    ['ssh_public_key is not at most 8192 bytes long', { sshPublicKey: Buffer.alloc(9000, 'a') }],
  ])('%s', async (message, request) => {
    await open();
    expect(await failure(generate(request))).toMatchObject({ code: 3, details: message });
  });

  test.each([
    ['not_found', 5],
    ['access_denied', 7],
    ['connection_problem', 14],
    ['timeout', 4],
    ['locked', 9],
    ['expired', 9],
  ] as const)('%s of the cluster is code %i', async (code, status) => {
    const { counters } = await open(
      {},
      { generateIdentity: () => Promise.reject(new TeleportError(code, 'so it is', { hint: 'do this' })) },
    );
    expect(await failure(generate())).toMatchObject({
      code: status,
      details: 'so it is',
      failure: { code, message: 'so it is', hint: 'do this' },
    });
    expect(counters.status()).toMatchObject({ issued: 0 });
  });

  test('a fault of the agent shows nothing of itself', async () => {
    const { records } = await open({}, { generateIdentity: () => Promise.reject(new Error('secret detail')) });
    const refused = await failure(generate());
    expect(refused).toMatchObject({ code: 2, details: 'the agent failed to answer; its log says why' });
    expect(JSON.stringify(records)).not.toContain('secret detail');
  });

  test('a credential for something else than was asked goes to nobody', async () => {
    const { counters } = await open();
    expect(await failure(generate({ kind: { $case: 'application', value: { name: 'bar' } } }))).toMatchObject({
      code: 2,
    });
    expect(counters.status()).toMatchObject({ issued: 0, failed: 1 });
  });

  test('what cannot be recorded is not handed out, nor issued again', async () => {
    let issued = 0;
    let writable = false;
    const { counters } = await open(
      {
        audit: {
          ready: async () => {
            if (issued > 0 && !writable) throw new TeleportError('connection_problem', 'cannot be recorded');
          },
          record: async () => {
            if (!writable) throw new TeleportError('connection_problem', 'cannot be recorded');
          },
          [Symbol.asyncDispose]: async () => {},
        },
      },
      {
        generateIdentity: async () => {
          issued += 1;
          return recorded();
        },
      },
    );
    for (let i = 0; i < 3; i++)
      expect(await failure(generate())).toMatchObject({ code: 14, details: 'cannot be recorded' });
    expect(issued).toBe(1);
    expect(counters.status().issued).toBe(0);
    writable = true;
    await generate();
  });
});

describe('limits', () => {
  test('too many requests are told when to come back', async () => {
    await open({ limiter: new RequestLimiter({ ratePerUser: { perSecond: 0.5, burst: 2 } }, () => 1_000_000) });
    const one = client();
    await generate({}, one);
    await generate({}, one);
    expect(await failure(generate({}, one))).toMatchObject({
      code: 8,
      failure: { code: 'limit_exceeded', retryAfter: { seconds: 2n } },
    });
  });

  test('a large message is refused without being read to its end', async () => {
    await open();
    expect(await failure(generate({ cluster: 'x'.repeat(100_000) }))).toMatchObject({ code: 8 });
  });

  test('a caller that gives up ends the work that is done for it', async () => {
    let aborted: unknown;
    const { records } = await open(
      {},
      {
        generateIdentity: (_request, options) =>
          new Promise((_resolve, reject) => {
            options?.signal?.addEventListener('abort', () => {
              aborted = options.signal?.reason;
              reject(options.signal?.reason);
            });
          }),
      },
    );
    expect(await failure(generate({}, undefined, 200))).toMatchObject({ code: 4 });
    await expect.poll(() => records[0]?.code).toBe('canceled');
    expect(aborted).toMatchObject({ name: 'AbortError' });
  });

  test('beyond the connections of the socket an answer says so', async () => {
    await open({ connections: { total: 2 } });
    const [first, second] = [client(), client()];
    await generate({}, first);
    await generate({}, second);
    expect(await failure(generate())).toMatchObject({ code: 8, details: 'too many connections to this socket' });
    first.close();
    await expect
      .poll(() =>
        generate({}, client()).then(
          () => 'served',
          () => 'refused',
        ),
      )
      .toBe('served');
  });

  test('who sends garbage, or nothing, hurts nobody', async () => {
    await open();
    const silent = connect({ path });
    const garbage = connect({ path });
    for (const socket of [silent, garbage]) {
      socket.on('error', () => {});
      ending.push(() => socket.destroy());
    }
    garbage.resume().write(Buffer.alloc(100_000, 0x41));
    await once(garbage, 'close');
    await generate();
  });
});

describe('peers', () => {
  test('without a way to tell them apart a socket with `allow` does not start', async () => {
    await expect(open({ allow: [{ uid: 0 }], readPeer: undefined } as never)).rejects.toMatchObject({
      code: 'bad_parameter',
      message: `the socket ${path} has \`allow\`, but this system does not tell who connects`,
    });
    expect(existsSync(path)).toBe(false);
  });

  test('without a way to tell them apart a socket without `allow` serves, and says that it does not know', async () => {
    const { records } = await open({ readPeer: () => undefined });
    await generate();
    expect(records[0]).not.toHaveProperty('peer');
    expect(await call('describe')).toMatchObject({ peer: { uid: -1n, gid: -1n, pid: -1n } });
  });

  test.runIf(readPeer)('an outsider is denied everything by a service that knows nothing else', async () => {
    const { records, asked, counters } = await open({ allow: [{ uid: 4_000_000 }] });
    const denied = { code: 7, details: 'you may not use this socket', failure: { code: 'access_denied', hint: '' } };
    expect(await failure(generate())).toMatchObject(denied);
    expect(await failure(call('getStatus'))).toMatchObject(denied);
    expect(await failure(unknownMethod())).toMatchObject({ code: 7 });
    expect(await failure(health(''))).toMatchObject({ code: 7 });
    expect(asked).toHaveLength(0);
    expect(records[0]).toMatchObject({ event: 'connection', outcome: 'refused', peer: { uid: process.getuid?.() } });
    expect(counters.status().refused).toBeGreaterThan(0);
  });

  test.runIf(readPeer)('an outsider’s flood is counted, but not written down line by line', async () => {
    const { records, counters } = await open({
      allow: [{ uid: 4_000_000 }],
      clock: { ...systemClock, now: () => 1000 },
    });
    for (let i = 0; i < 80; i++) {
      const socket = connect({ path });
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.destroy();
    }
    await expect.poll(() => counters.status().refused).toBe(80);
    expect(records).toHaveLength(50);
  });

  test.runIf(readPeer)('outsiders take no place from those who are served', async () => {
    let outsider = true;
    const who = (socket: Parameters<NonNullable<typeof readPeer>>[0]) => {
      const peer = readPeer?.(socket);
      return peer && { ...peer, uid: outsider ? 4_000_000 : peer.uid };
    };
    const { counters } = await open({
      allow: [{ uid: process.getuid?.() ?? 0 }],
      connections: { total: 1 },
      readPeer: who,
    });
    const held = Array.from({ length: 200 }, () => connect({ path }).on('error', () => {}));
    ending.push(() => {
      for (const socket of held) socket.destroy();
    });
    await expect.poll(() => counters.status().refused).toBe(200);
    outsider = false;
    await generate();
  });

  test.runIf(readPeer && root)('a member of a supplementary group is let in, another user is not', async () => {
    const { records } = await open({ access: { mode: 0o666 }, allow: [{ gid: 4243 }, { uid: 0 }] });
    expect(await askAs(4242, '4100,4243')).toContain('grpc-status: 0');
    expect(await askAs(4242, '4100')).toContain('grpc-status: 7');
    expect(records.map(({ outcome, peer }) => [outcome, peer?.uid])).toEqual([
      ['issued', 4242],
      ['refused', 4242],
    ]);
  });
});

/** A bare HTTP/2 call by another user, in a process of its own. */
async function askAs(uid: number, groups: string): Promise<string> {
  const program = `
    const session = require('node:http2').connect('http://localhost', { createConnection: () => require('node:net').connect(process.argv[1]) });
    const stream = session.request({ ':method': 'POST', ':path': '/tbot.credentials.v1.DynamicCredentials/GenerateIdentity', 'content-type': 'application/grpc', te: 'trailers' });
    const show = (headers) => headers['grpc-status'] && console.log('grpc-status: ' + headers['grpc-status']);
    stream.on('response', show).on('trailers', show).on('close', () => session.destroy()).resume();
    stream.end(Buffer.from(process.argv[2], 'hex'));`;
  const message = GenerateIdentityRequest.encode(
    GenerateIdentityRequest.fromPartial({ kind: { $case: 'application', value: { name: 'foo' } } }),
  ).finish();
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]).toString('hex');
  const child = spawn(
    'setpriv',
    ['--reuid', `${uid}`, '--regid', '4000', '--groups', groups, process.execPath, '-e', program, path, frame],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  return text;
}

function unknownMethod(): Promise<unknown> {
  const same = (value: unknown) => value as Buffer;
  return new Promise((resolve, reject) => {
    client().makeUnaryRequest('/no.such.Service/Method', same, same, Buffer.alloc(0), (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

function health(service: string): Promise<{ status: number }> {
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

test('describe tells what may be asked for', async () => {
  await open();
  expect(await call('describe')).toMatchObject({
    roles,
    kinds: ['application'],
    clusters: ['root.example', 'leaf.example'],
    defaultTtl: { seconds: 3600n },
    maxTtl: { seconds: 3600n },
    minTtl: { seconds: 60n },
    socket: path,
    agentVersion: '1.18.0',
    proxyAddress: 'root.example:443',
    cluster: 'root.example',
  });
});

test('health follows the agent, for the socket as a whole and for its service', async () => {
  let serving = true;
  await open({ isServing: () => serving });
  expect(await health('')).toMatchObject({ status: 1 });
  expect(await health('tbot.credentials.v1.DynamicCredentials')).toMatchObject({ status: 1 });
  serving = false;
  expect(await health('')).toMatchObject({ status: 2 });
  expect(await failure(health('other'))).toMatchObject({ code: 5 });
});

test('health is watched', async () => {
  let serving = true;
  await open({ isServing: () => serving });
  const method = toMethodDefinition(HealthDefinition, 'watch');
  const stream = client().makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, {
    service: '',
  });
  stream.on('error', () => {});
  const [first] = await once(stream, 'data');
  serving = false;
  const [second] = await once(stream, 'data');
  stream.cancel();
  expect([first.status, second.status]).toEqual([1, 2]);
});

describe('stopping', () => {
  test('a running call finishes, new callers find no socket', async () => {
    let finish: (() => void) | undefined;
    const { socket } = await open(
      {},
      {
        generateIdentity: () =>
          new Promise((resolve) => {
            finish = () => resolve(recorded());
          }),
      },
    );
    const running = generate();
    await expect.poll(() => finish).toBeDefined();
    const closing = socket.close();
    await expect.poll(() => existsSync(path)).toBe(false);
    finish?.();
    expect((await running).roles).toEqual(roles);
    await closing;
    await socket.close();
  });

  test('a call that does not end is cut after the grace', async () => {
    let started = false;
    const { socket } = await open(
      {},
      {
        generateIdentity: () => {
          started = true;
          return new Promise(() => {});
        },
      },
    );
    const running = failure(generate());
    await expect.poll(() => started).toBe(true);
    await socket.close({ graceMs: 50 });
    expect([1, 14]).toContain((await running).code);
  });

  test('a connection that never speaks does not hold it up', async () => {
    const { socket } = await open();
    const silent = connect({ path });
    silent.on('error', () => {});
    await once(silent, 'connect');
    const session = connectHttp2('http://localhost', { createConnection: () => connect({ path }) });
    session.on('error', () => {});
    await once(session, 'connect');
    await socket.close({ graceMs: 200 });
    session.destroy();
  });
});
