import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { toMethodDefinition } from '@teleport-ts/api-types';
import { HealthDefinition } from '@teleport-ts/api-types/proto/grpc/health/v1/health';
import { FakeClock } from '@teleport-ts/dev-cluster/testing';
import { describe, expect, test } from 'vitest';
import {
  call,
  certificate,
  client,
  failure,
  generate,
  health,
  open,
  path,
  readPeer,
  recorded,
  roles,
} from '../test-support/credential-socket.ts';

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

test('a cluster that never answers is given up after a minute', async () => {
  const clock = new FakeClock();
  let asked = false;
  await open(
    { clock },
    {
      generateIdentity: (_request, options) =>
        new Promise((_resolve, reject) => {
          asked = true;
          options?.signal?.addEventListener('abort', () => reject(options.signal?.reason));
        }),
    },
  );
  const answer = failure(generate({}, undefined, 600_000));
  await expect.poll(() => asked).toBe(true);
  await clock.advance(60_000);
  expect(await answer).toMatchObject({
    code: 4,
    details: 'no answer from the cluster within 1m0s',
    failure: { code: 'timeout' },
  });
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
