import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { webCertificate } from '../../test-support/pki.ts';
import { find, ping, proxyAddresses } from './index.ts';

const golden = readFileSync(
  fileURLToPath(new URL('../../testdata/teleport-18/webapi-find.json', import.meta.url)),
  'utf8',
);
const cases = process.env.SOAK ? 10_000 : 500;
const timeoutMs = process.env.SOAK ? 600_000 : 30_000;
/** With a CA of one's own what OpenSSL made of all CAs is kept; making it takes 40 ms. */
const { ca } = webCertificate();

/** Speaks plain HTTP, in whatever bytes it is told to. */
let answer: Buffer[] = [];
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => socket.destroy()).once('close', () => sockets.delete(socket));
  socket.once('data', (first: Buffer) => {
    // TLS is tried first; it is refused, as by a server that knows none.
    if (first[0] === 22) {
      socket.end('HTTP/1.0 400 Bad Request\r\n\r\nthis is HTTP');
      return;
    }
    for (const part of answer) socket.write(part);
    socket.end();
  });
});
let address = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** JSON of a real answer, in which some members are something else. */
const mutated = fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { maxLength: 6 }).map((changes) => {
  const json = JSON.parse(golden) as object;
  for (const [at, value] of changes) {
    const places = members(json);
    const place = places[at % places.length];
    if (place) place.of[place.key] = value;
  }
  return JSON.stringify(json);
});

type Open = Record<string, unknown>;
const members = (value: object): { of: Open; key: string }[] =>
  Object.entries(value).flatMap(([key, member]) => [
    { of: value as Open, key },
    ...(typeof member === 'object' && member !== null ? members(member) : []),
  ]);

const body = fc.oneof(
  { weight: 4, arbitrary: mutated.map((text) => Buffer.from(text)) },
  fc.json().map((text) => Buffer.from(text)),
  fc.nat({ max: golden.length }).map((length) => Buffer.from(golden.slice(0, length))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom('[', '{"a":', 'null', '"', '\ufeff{}', '['.repeat(50_000), '{"a":'.repeat(20_000))
    .map((text) => Buffer.from(text)),
);
const status = fc.oneof(
  { weight: 5, arbitrary: fc.constant('200 OK') },
  fc.constantFrom(
    '100 Continue',
    '204 No Content',
    '301 Moved',
    '302 Found',
    '404 Not Found',
    '500 x',
    '999 x',
    '20 x',
  ),
);
const head = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      status,
      type: fc.constantFrom('application/json', 'text/html', '', 'a/b', 'application/json', 'x'.repeat(20_000)),
      length: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('right', 'none') },
        fc.constantFrom('0', '5', '99999999999', '-1', 'abc'),
      ),
      chunked: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
      location: fc.constantFrom(undefined, undefined, 'http://127.0.0.1:1/', '\u0001'),
    }),
  },
  fc.uint8Array({ maxLength: 100 }).map((bytes) => ({ raw: Buffer.from(bytes) })),
);

test(
  'whatever answers /webapi/find: a valid answer or a typed error, and no hang',
  async () => {
    let valid = 0;
    let addresses = 0;
    await fc.assert(
      fc.asyncProperty(head, body, fc.boolean(), async (start, content, isPing) => {
        answer = [...lines(start, content.length), content];
        const asking = { insecure: true, webCa: [ca], timeoutMs: 5000 };
        try {
          const given = isPing ? await ping(address, asking) : await find(address, asking);
          expect(given).toMatchObject({ serverVersion: expect.any(String), clusterName: expect.any(String) });
          expect(typeof given.proxy.tlsRoutingEnabled).toBe('boolean');
          valid++;
          const derived = proxyAddresses(given, address, { env: {} });
          for (const each of Object.values(derived)) expect(each).toMatch(/^.+:\d{1,5}$/);
          addresses++;
        } catch (error) {
          if (!isTeleportError(error)) throw error;
          expect(error.code, error.message).not.toBe('timeout');
        }
      }),
      { numRuns: cases, endOnFailure: true },
    );
    // Otherwise only refusals were looked at.
    expect(valid).toBeGreaterThan(cases / 50);
    expect(addresses).toBeGreaterThan(0);
  },
  timeoutMs,
);

test('an answer without end is cut off', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  answer = [Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n'), ...Array(6).fill(chunk)];
  await expect(find(address, { insecure: true })).rejects.toMatchObject({ code: 'connection_problem' });
});

type Head = typeof head extends fc.Arbitrary<infer T> ? T : never;

function lines(start: Head, size: number): Buffer[] {
  if ('raw' in start) return [start.raw];
  const length = start.length === 'right' ? String(size) : start.length;
  return [
    Buffer.from(
      [
        `HTTP/1.1 ${start.status}`,
        `content-type: ${start.type}`,
        ...(length === 'none' ? [] : [`content-length: ${length}`]),
        ...(start.chunked ? ['transfer-encoding: chunked'] : []),
        ...(start.location === undefined ? [] : [`location: ${start.location}`]),
        'connection: close',
        '\r\n',
      ].join('\r\n'),
    ),
  ];
}
