/** Writes ASN.1 in DER (X.690), as much of it as a certificate needs. */

const TAG = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c } as const;

export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => element(0x30, ...contents);
export const set = (content: Uint8Array): Buffer => element(0x31, content);
/** `[number] EXPLICIT`. */
export const explicit = (number: number, content: Uint8Array): Buffer => element(0xa0 | number, content);
export const octetString = (content: Uint8Array): Buffer => element(TAG.octetString, content);
export const bitString = (content: Uint8Array, unusedBits = 0): Buffer =>
  element(TAG.bitString, Buffer.of(unusedBits), content);
export const utf8String = (text: string): Buffer => element(TAG.utf8, Buffer.from(text));
export const yes: Buffer = element(TAG.boolean, Buffer.of(0xff));

/** A positive INTEGER whose first bit is not set. */
export const integer = (bytes: Uint8Array): Buffer => element(TAG.integer, bytes);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let value = arc >> 7; value > 0; value >>= 7) digits.unshift((value & 0x7f) | 0x80);
    return digits;
  });
  return element(TAG.oid, Buffer.from(bytes));
}

/** GeneralizedTime, to the second. RFC 5280 wants UTCTime until 2049; both are read everywhere. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, '');
  const [tag, text] = date.getUTCFullYear() < 2050 ? [0x17, digits.slice(2)] : [0x18, digits];
  return element(tag, Buffer.from(`${text}Z`));
}
