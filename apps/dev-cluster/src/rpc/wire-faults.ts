import type { ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { WireFault } from './faults.ts';

/**
 * Answers the rest of a call in a way that no server should: what came of it so far is on its way already.
 *
 * grpc-js has no means for that, so this goes past it to the HTTP/2 stream.
 */
export function breakAnswer(fault: WireFault, socket: TLSSocket, call: object): void {
  if (fault === 'dropped') {
    socket.destroy();
    return;
  }
  const stream = http2StreamOf(call);
  if (!stream || stream.destroyed) return;
  if (fault === 'half-closed') {
    stream.end();
    return;
  }
  const announced = Buffer.alloc(5);
  if (fault === 'cut-short') {
    announced.writeUInt32BE(1000, 1);
    stream.end(Buffer.concat([announced, Buffer.from('only a part of it')]));
    return;
  }
  if (fault === 'oversized') {
    announced.writeUInt32BE(0xffffffff, 1);
    stream.end(Buffer.concat([announced, Buffer.alloc(1024)]));
    return;
  }
  const noMessage = Buffer.alloc(16, 0xff);
  announced.writeUInt32BE(noMessage.length, 1);
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.concat([announced, noMessage]));
}

interface Internals {
  readonly call?: Internals;
  readonly nextCall?: Internals;
  readonly stream?: ServerHttp2Stream;
}

function http2StreamOf(call: object): ServerHttp2Stream | undefined {
  let inner: Internals | undefined = (call as Internals).call;
  while (inner && !inner.stream) inner = inner.nextCall ?? inner.call;
  return inner?.stream;
}
