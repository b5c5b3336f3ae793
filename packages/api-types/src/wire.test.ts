import { BinaryReader as OtherReader, BinaryWriter as OtherWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryReader, BinaryWriter } from './wire.ts';

type Value = readonly [
  'uint32' | 'int32' | 'int64' | 'uint64' | 'bool' | 'float' | 'double' | 'bytes' | 'string',
  never,
];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 60 }),
  fc.constantFrom('', 'ü', '\ud800', '€'.repeat(47), 'a'.repeat(47), 'a'.repeat(48), 'ß'.repeat(70)),
);
const value = fc.oneof(
  fc.tuple(fc.constant('uint32'), fc.nat(0xffff_ffff)),
  fc.tuple(fc.constant('uint32'), fc.constantFrom(0x7f, 0x80, 0x3fff, 0x4000, 0xffff_ffff)),
  fc.tuple(fc.constant('int32'), fc.integer()),
  fc.tuple(fc.constant('int64'), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  fc.tuple(fc.constant('int64'), fc.constantFrom(-1n, 0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, -(2n ** 63n))),
  fc.tuple(fc.constant('uint64'), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  fc.tuple(fc.constant('bool'), fc.boolean()),
  fc.tuple(fc.constant('float'), fc.float()),
  fc.tuple(fc.constant('double'), fc.double()),
  fc.tuple(fc.constant('bytes'), fc.uint8Array({ maxLength: 300 })),
  fc.tuple(fc.constant('string'), text),
) as unknown as fc.Arbitrary<Value>;
const values = fc.array(value, { maxLength: 30 });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Writes values, every third of them in a submessage that holds all that follow. */
function write(writer: BinaryWriter | OtherWriter, list: readonly Value[], at = 0): void {
  const [type, item] = list[at] ?? [];
  if (type === undefined) return;
  writer[type](item as never);
  if (at % 3 === 2) writer.fork();
  write(writer, list, at + 1);
  if (at % 3 === 2) writer.join();
}

describe('BinaryWriter', () => {
  it('writes what the runtime of ts-proto writes', () => {
    const writer = new BinaryWriter();
    fc.assert(
      fc.property(values, (list) => {
        const other = new OtherWriter();
        write(writer, list);
        write(other, list);
        expect(hex(writer.finish())).toBe(hex(other.finish()));
      }),
      { numRuns: 500 },
    );
  });

  it.each([127, 128, 16_383, 16_384, 2_097_152])('puts the length before a submessage of %i bytes', (length) => {
    const chunk = Buffer.alloc(length, 7);
    const bytes = new BinaryWriter().uint32(10).fork().raw(chunk).join().bool(true).finish();
    expect(hex(bytes)).toBe(hex(new OtherWriter().uint32(10).fork().raw(chunk).join().bool(true).finish()));
  });

  it.each([
    ['uint32', -1],
    ['uint32', 2 ** 32],
    ['uint32', 1.5],
    ['int32', 2 ** 31],
    ['int32', Number.NaN],
    ['int64', 2n ** 63n],
    ['uint64', -1n],
    ['string', 5],
  ] as const)('refuses %s %s', (type, item) => {
    expect(() => new BinaryWriter()[type](item as never)).toThrow(TypeError);
  });

  it('gives away bytes that later writing leaves alone', () => {
    const writer = new BinaryWriter();
    const first = writer.string('first').finish();
    writer.string('other');
    expect(hex(first)).toBe('056669727374');
  });
});

describe('BinaryReader', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(values, (list) => {
        const writer = new BinaryWriter();
        for (const [type, item] of list) writer[type](item);
        const reader = new BinaryReader(writer.finish());
        for (const [type, item] of list) {
          const expected = type === 'string' ? Buffer.from(item as string).toString() : item;
          const read = reader[type]();
          expect(read instanceof Uint8Array ? new Uint8Array(read) : read).toEqual(expected);
        }
        expect(reader.pos).toBe(reader.len);
      }),
      { numRuns: 500 },
    );
  });

  it('reads any bytes as the runtime of ts-proto does, and throws where it throws', () => {
    const type = fc.constantFrom('uint32', 'int32', 'int64', 'uint64', 'bool', 'float', 'double', 'bytes');
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.array(fc.constantFrom(0x80, 0xff, 0x7f, 0x01, 0x00), { maxLength: 12 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, type, (input, name) => {
        expect(outcome(new BinaryReader(input), name)).toEqual(outcome(new OtherReader(input), name));
      }),
      { numRuns: 3000 },
    );
  });

  it('passes over any field as the runtime of ts-proto does, groups included', () => {
    const piece = fc.constantFrom(
      [0x08, 0x01],
      [0x0b],
      [0x0c],
      [0x12, 0x01, 0x07],
      [0x0d, 1, 2, 3, 4],
      [0x09, 1, 2, 3, 4, 5, 6, 7, 8],
    );
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3, 5), fc.array(piece, { maxLength: 6 }), (layout, pieces) => {
        const input = Uint8Array.from([...pieces.flat(), 0x0c]);
        const skip = (reader: BinaryReader | OtherReader) => {
          try {
            return hex(reader.skip(layout, 1));
          } catch {
            return 'thrown';
          }
        };
        expect(skip(new BinaryReader(input))).toBe(skip(new OtherReader(input)));
      }),
      { numRuns: 1000 },
    );
  });

  it('reads a part of a larger buffer', () => {
    const whole = Buffer.from('ffff056669727374ff', 'hex');
    const reader = new BinaryReader(whole.subarray(2, 8));
    expect(reader.string()).toBe('first');
    expect(() => reader.uint32()).toThrow(RangeError);
  });

  it('does not follow groups without end', () => {
    expect(() => new BinaryReader(Buffer.alloc(10_000, 0x0b)).skip(3)).toThrow(RangeError);
  });
});

function outcome(reader: BinaryReader | OtherReader, type: string): unknown {
  try {
    const read = (reader as unknown as Record<string, () => unknown>)[type]?.();
    return { read: read instanceof Uint8Array ? hex(read) : read, pos: reader.pos };
  } catch {
    return 'thrown';
  }
}
