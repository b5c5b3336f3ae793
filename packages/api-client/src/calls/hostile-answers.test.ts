import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { AuthServiceDefinition } from '@teleport-ts/api-types/proto/teleport/proto/auth_service';
import { RoleV6 } from '@teleport-ts/api-types/proto/teleport/types/role';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framed, type HostileAnswer, HostileServer } from '../../test-support/hostile-server.ts';
import { TestPki } from '../../test-support/pki.ts';
import { type Client, connect, isTeleportError, loadTLS } from '../index.ts';

// grpc-js tells of each odd header.
setLogVerbosity(logVerbosity.NONE);

const pki = new TestPki('root.test');
const certificate = pki.authService();
const credentials = loadTLS(pki.user());
const cases = process.env.SOAK ? 10_000 : 500;

const role = Buffer.from(RoleV6.encode(RoleV6.fromPartial({ Kind: 'role', Metadata: { Name: 'x' } })).finish());

const bytes = fc.uint8Array({ maxLength: 200 });
/** Messages that are cut, announced wrongly, marked as compressed, of no meaning, or as they should be. */
const message = fc.oneof(
  fc.constant(framed(role)),
  bytes.map((content) => framed(content)),
  bytes,
  fc.nat({ max: role.length + 4 }).map((length) => framed(role).subarray(0, length)),
  fc.constantFrom(0, 1, role.length - 1, role.length + 1, 0x7fffffff, 0xffffffff).map((length) => framed(role, length)),
  fc.integer({ min: 1, max: 255 }).map((flag) => framed(role, role.length, flag)),
  fc.nat({ max: role.length - 1 }).map((at) => framed(Buffer.from(role).fill(0xff, at))),
);
const word = fc.oneof(
  fc.constantFrom('0', '2', '5', '7', '13', '14', '16', '17', '99', '-1', '1e3', 'NaN', '', 'ok', '4294967296', '00'),
  fc.string({ maxLength: 20 }),
);
const text = fc.oneof(
  fc.constantFrom('role x is not found', '%', '%FF%FE%C3', '%E2%82', 'a%00b', '%zz', '\u00ff\u00fe', 'x'.repeat(9_000)),
  fc.string({ maxLength: 40, unit: 'binary' }),
);
/** Now and then, so that one oddity does not hide the others. */
const rare = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const present = <T extends object>(fields: T): never =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
const trailers = fc
  .record(
    {
      'grpc-status': word,
      'grpc-message': text,
      'grpc-status-details-bin': rare(
        fc.oneof(fc.constantFrom('!!!', 'AAA=', '', 'x'), fc.base64String({ maxLength: 40 })),
      ),
      'grpc-encoding': rare(fc.constantFrom('gzip', 'identity', 'nosuch')),
      'x-huge': rare(fc.constantFrom('y'.repeat(10_000), 'y'.repeat(30_000))),
      'x-junk-bin': rare(fc.constantFrom('%%%', '\u0080', 'AAAA')),
    },
    { requiredKeys: ['grpc-encoding', 'grpc-status-details-bin', 'x-huge', 'x-junk-bin'] },
  )
  .map(present<object>);
const headers = fc
  .record(
    {
      ':status': fc.oneof(
        { weight: 6, arbitrary: fc.constant(200) },
        { weight: 2, arbitrary: fc.constantFrom(204, 302, 400, 401, 403, 404, 429, 500, 502, 503, 504, 599) },
      ),
      'content-type': fc.constantFrom(
        'application/grpc',
        'application/grpc+proto',
        'text/html',
        '',
        'application/json',
      ),
      'grpc-encoding': rare(fc.constantFrom('gzip', 'deflate', 'identity', 'nosuch')),
      'content-length': rare(fc.constantFrom('0', '7', '99999')),
      'grpc-status': word,
      version: fc.constantFrom('18.0.0', '', 'junk'),
      'x-huge': rare(fc.constantFrom('y'.repeat(10_000), 'y'.repeat(70_000))),
    },
    { requiredKeys: [':status', 'grpc-encoding', 'content-length', 'x-huge'] },
  )
  .map(present<object>);
const answers: fc.Arbitrary<HostileAnswer> = fc.record(
  {
    headers,
    body: fc.array(message, { maxLength: 3 }),
    trailers,
    end: fc.oneof(
      { weight: 12, arbitrary: fc.constant('trailers' as const) },
      { weight: 4, arbitrary: fc.constant('bare' as const) },
      { weight: 4, arbitrary: fc.record({ reset: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 1, arbitrary: fc.constant('cut' as const) },
      { weight: 1, arbitrary: fc.record({ garbage: fc.uint8Array({ minLength: 1, maxLength: 60 }) }) },
    ),
  },
  { requiredKeys: ['body', 'end'] },
);

/** Whether the answer's own status is DEADLINE_EXCEEDED. */
function saysTooLate({ headers, trailers }: HostileAnswer): boolean {
  return [headers, trailers].some((fields) => {
    const status = (fields as Readonly<Record<string, unknown>> | undefined)?.['grpc-status'];
    return [status].flat().some((value) => Number(value) === 4);
  });
}

/** The whole of a call: its answers, or its error. */
async function outcome(client: Client, isStream: boolean, timeoutMs = 15_000): Promise<unknown> {
  const options = { timeoutMs, retry: false } as const;
  const auth = client.service(AuthServiceDefinition);
  try {
    if (!isStream) return await auth.getRole({ Name: 'x' }, options);
    const found = [];
    for await (const one of auth.getCurrentUserRoles({}, options)) found.push(one);
    return found;
  } catch (error) {
    return error;
  }
}

const wellFormed = { headers: { ':status': 200, 'content-type': 'application/grpc' }, end: 'trailers' } as const;

describe('an answer that no server should give', () => {
  test(
    'ends the call, with a message or with an error of ours, and the client goes on',
    async () => {
      await using server = await HostileServer.start(certificate);
      await using client = await connect({ addresses: [server.address], credentials, breaker: false });
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(answers, fc.boolean(), async (answer, isStream) => {
          // A second message for a call that has one answer: grpc-js reads no further, and never sees the end.
          server.answer = isStream ? answer : { ...answer, body: answer.body.slice(0, 1) };
          const result = await outcome(client, isStream);
          if (result instanceof Error) {
            expect(isTeleportError(result), String(result)).toBe(true);
            // It hung until its limit, unless the server itself said that it was too late.
            if (!saysTooLate(answer)) expect(isTeleportError(result, 'timeout')).toBe(false);
          } else if (isStream) expect(result).toBeInstanceOf(Array);
          else expect(result).toHaveProperty('Kind');
          const kind = isTeleportError(result) ? result.code : 'answered';
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }),
        {
          numRuns: cases,
          examples: [
            [{ body: [], trailers: { 'grpc-status': '4' }, end: { reset: 0 } }, false],
            // A good answer comes out of the generator too seldom to count on it.
            [{ ...wellFormed, body: [framed(role)], trailers: { 'grpc-status': '0' } }, false],
          ],
        },
      );
      await expect(client.ping()).resolves.toMatchObject({ clusterName: 'root.test' });
      // It was not all of one sort.
      expect([...seen.keys()]).toEqual(expect.arrayContaining(['answered', 'unknown', 'connection_problem']));
    },
    process.env.SOAK ? 1_200_000 : 60_000,
  );

  test.each<[string, HostileAnswer, object]>([
    [
      'garbage for a message',
      { ...wellFormed, body: [framed(Buffer.alloc(20, 0xff))], trailers: { 'grpc-status': '0' } },
      { code: 'unknown' },
    ],
    ['no message', { ...wellFormed, body: [], trailers: { 'grpc-status': '0' } }, { code: expect.any(String) }],
    ['no status', { ...wellFormed, body: [framed(role)], trailers: {} }, { code: 'unknown' }],
    ['a status of no meaning', { ...wellFormed, body: [], trailers: { 'grpc-status': '99' } }, { code: 'unknown' }],
    [
      'a text that is no UTF-8',
      { ...wellFormed, body: [], trailers: { 'grpc-status': '5', 'grpc-message': '%FF%FE' } },
      { code: 'not_found' },
    ],
    [
      'a message above the limit',
      { ...wellFormed, body: [framed(role, 64 * 1024 * 1024)], trailers: { 'grpc-status': '0' } },
      { code: 'limit_exceeded', retryable: false },
    ],
    [
      'a page of HTML',
      { headers: { ':status': 502, 'content-type': 'text/html' }, body: [Buffer.from('<html>')], end: 'bare' },
      { code: 'connection_problem' },
    ],
  ])('%s is told by its error', async (_, answer, expected) => {
    await using server = await HostileServer.start(certificate);
    await using client = await connect({ addresses: [server.address], credentials });
    server.answer = answer;
    const result = await outcome(client, false);
    expect(isTeleportError(result)).toBe(true);
    expect(result).toMatchObject({ rpc: '/proto.AuthService/GetRole', ...expected });
  });

  test.each([false, true])(
    'a message that says it is compressed, by nothing, is no secret of grpc-js (stream: %s)',
    async (isStream) => {
      await using server = await HostileServer.start(certificate);
      await using client = await connect({ addresses: [server.address], credentials });
      server.answer = { ...wellFormed, body: [framed(role, role.length, 1)], trailers: { 'grpc-status': '0' } };
      expect(await outcome(client, isStream)).toMatchObject({ code: 'unknown', message: 'the answer cannot be read' });
    },
  );

  test('two messages where there is to be one end the call by its limit', async () => {
    await using server = await HostileServer.start(certificate);
    await using client = await connect({ addresses: [server.address], credentials });
    server.answer = { ...wellFormed, body: [framed(role), framed(role)], trailers: { 'grpc-status': '0' } };
    expect(await outcome(client, false, 50)).toMatchObject({ code: 'timeout' });
    await expect(client.ping()).resolves.toBeDefined();
  });
});
