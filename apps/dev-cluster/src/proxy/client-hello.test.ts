import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { NotTlsError, readClientHello } from './client-hello.ts';

/** The first bytes that a TLS client sends. */
async function helloOf(options: { servername?: string; ALPNProtocols?: string[] }): Promise<Buffer> {
  const server = createServer();
  const bytes = new Promise<Buffer>((resolve) => {
    server.on('connection', (socket: Socket) => socket.once('data', resolve));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options });
  client.on('error', () => {});
  await bytes;
  client.destroy();
  server.close();
  return bytes;
}

describe('readClientHello', () => {
  let hello: Buffer;
  beforeAll(async () => {
    hello = await helloOf({ servername: 'teleport.cluster.local', ALPNProtocols: ['teleport-auth@61', 'h2'] });
  });

  it('reads the server name and the protocols in the order of the client', () => {
    expect(readClientHello(hello)).toEqual({
      serverName: 'teleport.cluster.local',
      protocols: ['teleport-auth@61', 'h2'],
    });
  });

  it('reads one without either', async () => {
    expect(readClientHello(await helloOf({}))).toEqual({ serverName: undefined, protocols: [] });
  });

  it('asks for more until it is complete, wherever it is cut', () => {
    for (let length = 0; length < hello.length; length++) {
      expect(readClientHello(hello.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
  });

  it('puts a message together that is split into records', () => {
    const message = hello.subarray(5);
    const records = [message.subarray(0, 2), message.subarray(2, 50), message.subarray(50)].flatMap((part) => [
      Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]),
      part,
    ]);
    expect(readClientHello(Buffer.concat(records))).toEqual(readClientHello(hello));
  });

  it('tells other protocols at the first byte', () => {
    expect(() => readClientHello(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(NotTlsError);
    expect(() => readClientHello(Buffer.from('S'))).toThrow(NotTlsError);
  });

  it('refuses damaged bytes with one error only', () => {
    fc.assert(
      fc.property(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const damaged = Buffer.from(hello);
        damaged[at] = value;
        try {
          readClientHello(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(NotTlsError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
