/** Writes ASN.1 in DER (X.690), as much of it as certificates need. */

export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function header(tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length);
  if (length < 0x100) return Buffer.of(tag, 0x81, length);
  if (length < 0x1_0000) return Buffer.of(tag, 0x82, length >> 8, length & 0xff);
  return Buffer.of(tag, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
}

export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  return Buffer.concat([header(tag, length), ...contents]);
}

export function sequence(...contents: readonly Uint8Array[]): Buffer {
  return element(Tag.sequence, ...contents);
}

/** DER sorts the members of a SET OF by their encoding. */
export function setOf(contents: readonly Buffer[]): Buffer {
  return element(Tag.set, ...(contents.length > 1 ? contents.toSorted(Buffer.compare) : contents));
}

/** `[number] EXPLICIT`. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return element(0xa0 | number, content);
}

/** A non-negative INTEGER from its big-endian bytes. */
export function unsignedInteger(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const bytes = magnitude.subarray(start);
  return bytes[0]! >= 0x80 ? element(Tag.integer, Buffer.of(0), bytes) : element(Tag.integer, bytes);
}

export function octetString(content: Uint8Array): Buffer {
  return element(Tag.octetString, content);
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(Tag.bitString, Buffer.of(unusedBits), content);
}

const identifiers = new Map<string, Buffer>();

export function objectIdentifier(dotted: string): Buffer {
  let encoded = identifiers.get(dotted);
  if (!encoded) {
    encoded = encodeObjectIdentifier(dotted);
    identifiers.set(dotted, encoded);
  }
  return encoded;
}

function encodeObjectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const digits = [arc & 0x7f];
    for (let value = arc >> 7; value > 0; value >>= 7) digits.unshift((value & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return element(0x06, Buffer.from(bytes));
}

/** PrintableString where its letters suffice, else UTF8String, as Go's encoder chooses. */
export function directoryString(text: string): Buffer {
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text);
  return element(printable ? Tag.printableString : Tag.utf8String, Buffer.from(text, 'utf8'));
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5); fractions of a second are dropped. */
export function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '');
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? element(Tag.utcTime, Buffer.from(digits.slice(2), 'latin1'))
    : element(Tag.generalizedTime, Buffer.from(digits, 'latin1'));
}
