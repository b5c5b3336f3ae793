import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { FakeClock } from '@teleport-ts/api-types/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchange } from './exchange.ts';

let server: Server;
let onConnection: (socket: Socket) => void;
beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => onConnection(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server?.close());

/** A connection, and its far end. */
async function connection(): Promise<{ near: Socket; far: Socket }> {
  const accepted = new Promise<Socket>((resolve) => {
    onConnection = resolve;
  });
  const { port } = server.address() as AddressInfo;
  const near = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  return { near, far: await accepted };
}

/** Gathers what is written. */
function collector(): { readonly output: Writable; readonly received: () => string } {
  let received = '';
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      received += chunk;
      done();
    },
  });
  return { output, received: () => received };
}

test('bytes go both ways to the last one, and the end of the connection is the end', async () => {
  const { near, far } = await connection();
  const big = 'x'.repeat(3_000_000);
  const heard = text(far);
  const { output, received } = collector();
  const input = new PassThrough();
  input.write(big);
  const done = exchange(near, { input, output });
  far.end(big);
  await done;
  expect(received()).toBe(big);
  expect(near.destroyed).toBe(true);
  input.end();
  expect(big.startsWith((await heard).slice(0, 1000))).toBe(true);
});

test('the end of the input leaves the other side time to answer', async () => {
  const { near, far } = await connection();
  far.once('end', () => {
    far.write('late ');
    setImmediate(() => far.write('answer'));
  });
  far.resume();
  const { output, received } = collector();
  const clock = new FakeClock();
  let over = false;
  const done = exchange(near, { input: Readable.from([Buffer.from('question')]), output, clock }).then(() => {
    over = true;
  });
  await expect.poll(received).toBe('late answer');
  expect(over).toBe(false);
  await clock.advance(1_000);
  await done;
});

test('a reader who goes away ends it', async () => {
  const { near, far } = await connection();
  const output = new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    },
  });
  far.write('SSH-2.0');
  await exchange(near, { input: new PassThrough(), output });
  expect(near.destroyed).toBe(true);
});

test('a connection that breaks is told', async () => {
  const { near, far } = await connection();
  const { output } = collector();
  const done = exchange(near, { input: new PassThrough(), output });
  far.resetAndDestroy();
  await expect(done).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a slow reader holds the other side up', async () => {
  const { near, far } = await connection();
  let release: (() => void) | undefined;
  const output = new Writable({
    highWaterMark: 1,
    write(_chunk, _encoding, done) {
      release = done;
    },
  });
  const done = exchange(near, { input: new PassThrough(), output });
  far.write(Buffer.alloc(4_000_000));
  await expect.poll(() => release).toBeDefined();
  expect(near.readableLength + output.writableLength).toBeLessThan(1_000_000);
  output.destroy(new Error('enough'));
  await done;
});
