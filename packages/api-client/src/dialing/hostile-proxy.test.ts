import { once } from 'node:events';
import { isTeleportError } from '@teleport-ts/api-types';
import { ProxySSHResponse } from '@teleport-ts/api-types/proto/teleport/transport/v1/transport';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { framed, type HostileAnswer, HostileServer } from '../../test-support/hostile-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { loadTLS, openNodeStream } from '../ssh.ts';

// A proxy's gRPC service that answers whatever it likes: each way it goes wrong is an error, and no end is taken for a good one.

const pki = new TestPki('root.test');
let server: HostileServer;
beforeAll(async () => {
  server = await HostileServer.start(pki.authService());
});
afterAll(() => server[Symbol.asyncDispose]());

const open = () =>
  openNodeStream({
    proxy: server.address,
    tlsRouting: true,
    connectionUpgrade: false,
    credentials: loadTLS(pki.user()),
    host: 'web-1',
    timeoutMs: 5_000,
  });

const grpc = { ':status': 200, 'content-type': 'application/grpc' };
const message = (payload?: string): Buffer => {
  const frame =
    payload === undefined ? undefined : ({ $case: 'ssh', value: { payload: Buffer.from(payload) } } as const);
  return framed(ProxySSHResponse.encode({ details: { fipsEnabled: false }, frame }).finish());
};
const bad: [string, HostileAnswer, string | undefined][] = [
  ['a page of HTML', { headers: { ':status': 404 }, body: [Buffer.from('<p>')], end: 'bare' }, 'HTTP status 404'],
  [
    'a status alone',
    { body: [], trailers: { 'grpc-status': '7', 'grpc-message': 'not%20you' }, end: 'trailers' },
    'not you',
  ],
  [
    'a status that is none',
    { body: [], trailers: { 'grpc-status': 'x', 'grpc-message': '%zz' }, end: 'trailers' },
    '%zz',
  ],
  ['success without an answer', { headers: grpc, body: [], trailers: { 'grpc-status': '0' }, end: 'trailers' }, 'cut'],
  ['no status', { headers: grpc, body: [], end: 'bare' }, undefined],
  ['a compressed message', { headers: grpc, body: [framed(Buffer.from('x'), 1, 1)], end: 'bare' }, 'compressed'],
  ['a message without end', { headers: grpc, body: [framed(Buffer.from('x'), 2 ** 31)], end: 'bare' }, 'of 2147483648'],
  ['no message', { headers: grpc, body: [framed(Buffer.from([0xff, 0xff]))], end: 'bare' }, 'cannot be read'],
  ['a reset', { headers: grpc, body: [], end: { reset: 2 } }, undefined],
  ['a cut', { headers: grpc, body: [], end: 'cut' }, undefined],
  ['no HTTP/2', { headers: grpc, body: [], end: { garbage: Buffer.alloc(100, 'GET / HTTP/1.1\r\n') } }, undefined],
];

test.each(bad)('%s instead of a node', async (_what, answer, says) => {
  server.answer = answer;
  const error = await open().then(
    (stream) => {
      stream.destroy();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  expect(isTeleportError(error), String(error)).toBe(true);
  if (says !== undefined) expect(String(error)).toContain(says);
});

test.each([
  ['a status', { trailers: { 'grpc-status': '14', 'grpc-message': 'gone' }, end: 'trailers' }],
  ['a reset', { end: { reset: 2 } }],
  ['a cut', { end: 'cut' }],
  ['no status', { end: 'bare' }],
] as const)('a node that goes away by %s is no end of the stream', async (_what, end) => {
  const later = end.end === 'trailers' ? [message(), message('SSH-2.0')] : [message()];
  server.answer = { headers: grpc, body: later, ...end };
  let hasEnded = false;
  // It may be gone before it is open.
  const error: unknown = await open().then(
    async (stream) => {
      stream.once('end', () => {
        hasEnded = true;
      });
      stream.resume();
      return stream.errored ?? (await once(stream, 'error'))[0];
    },
    (reason: unknown) => reason,
  );
  expect(isTeleportError(error)).toBe(true);
  expect(hasEnded).toBe(false);
});

test('messages in any pieces are the same bytes', async () => {
  const all = Buffer.concat([message(), message('SSH'), message('-2.0'), message(), message('x'.repeat(70_000))]);
  const pieces = Array.from({ length: all.length / 997 + 1 }, (_, index) =>
    all.subarray(index * 997, (index + 1) * 997),
  );
  server.answer = { headers: grpc, body: pieces, trailers: { 'grpc-status': '0' }, end: 'trailers' };
  const stream = await open();
  let received = '';
  for await (const chunk of stream) received += chunk;
  expect(received).toBe(`SSH-2.0${'x'.repeat(70_000)}`);
});
