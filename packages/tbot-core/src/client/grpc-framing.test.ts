import { GrpcCode } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, timeoutHeader } from './grpc-answer.ts';
import { GrpcFailure } from './grpc-failure.ts';
import { FrameReader, frameMessage } from './grpc-framing.ts';

test('any messages, cut anywhere, come out whole and in order', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const stream = Buffer.concat(sent.map(frameMessage));
      const reader = new FrameReader(40);
      const received: Buffer[] = [];
      let at = 0;
      for (const size of [...cuts, stream.length]) {
        if (at < stream.length) received.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(received.map((message) => [...message])).toEqual(sent.map((message) => [...message]));
      expect(reader.unfinished).toBe(false);
    }),
  );
});

test('a message above the limit is refused at its prefix', () => {
  const reader = new FrameReader(10);
  const announced = frameMessage(Buffer.alloc(11)).subarray(0, 5);
  expect(() => reader.push(announced)).toThrow(
    expect.toSatisfy((error: unknown) => error instanceof GrpcFailure && error.code === GrpcCode.RESOURCE_EXHAUSTED),
  );
});

test('grpc-timeout has at most eight digits, and never ends before the time limit', () => {
  const unitMs: Record<string, number> = { m: 1, S: 1000, M: 60_000, H: 3_600_000 };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (timeoutMs) => {
      const [, digits, unit] = /^(\d{1,8})([mSMH])$/.exec(timeoutHeader(timeoutMs)) ?? [];
      expect(Number(digits) * unitMs[unit!]!).toBeGreaterThanOrEqual(Math.min(timeoutMs, 99_999_999 * 3_600_000));
    }),
  );
  expect([timeoutHeader(0), timeoutHeader(1500), timeoutHeader(2e8)]).toEqual(['1m', '1500m', '200000S']);
});

test('words survive percent-encoding, whatever they are', () => {
  const encode = (text: string): string =>
    [...Buffer.from(text)]
      .map((byte) =>
        byte < 0x20 || byte > 0x7e || byte === 0x25
          ? `%${byte.toString(16).padStart(2, '0').toUpperCase()}`
          : String.fromCharCode(byte),
      )
      .join('');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const sound = Buffer.from(text).toString();
      expect(decodeMessage(encode(sound))).toBe(sound);
    }),
  );
});
