import { TeleportError } from './teleport-error.ts';

/** One DER element: its tag, and where its content lies in the buffer that holds it. */
export interface DerElement {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export const malformedCertificate = (what: string): TeleportError =>
  new TeleportError('bad_parameter', `malformed certificate: ${what}`, {
    hint: 'expected an X.509 certificate in PEM or DER form',
  });

/** Reads DER elements one after another from a stretch of a buffer; never past its end. */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  peekTag(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#at];
  }

  next(expectedTag?: number): DerElement {
    const bytes = this.#bytes;
    const start = this.#at;
    if (start + 2 > this.#end) throw malformedCertificate('it ends in the middle of an element');
    const tag = bytes[start]!;
    if (expectedTag !== undefined && tag !== expectedTag) {
      throw malformedCertificate(`found tag 0x${tag.toString(16)} where 0x${expectedTag.toString(16)} belongs`);
    }
    let contentStart = start + 2;
    let length = bytes[start + 1]!;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0 || count > 4 || contentStart + count > this.#end) throw malformedCertificate('unreadable length');
      length = bytes.readUIntBE(contentStart, count);
      contentStart += count;
    }
    const end = contentStart + length;
    if (end > this.#end) throw malformedCertificate('an element is longer than what holds it');
    this.#at = end;
    return { tag, start, contentStart, end };
  }

  /** Steps into the next element, which must carry the tag. */
  enter(tag: number): DerReader {
    const element = this.next(tag);
    return new DerReader(this.#bytes, element.contentStart, element.end);
  }

  content(element: DerElement): Buffer {
    return this.#bytes.subarray(element.contentStart, element.end);
  }

  whole(element: DerElement): Buffer {
    return this.#bytes.subarray(element.start, element.end);
  }

  /** Where it stands: all before has been read. */
  get at(): number {
    return this.#at;
  }

  /** Steps over the head of the next element, which must carry the tag. @returns where its content ends */
  open(tag: number): number {
    const { contentStart, end } = this.next(tag);
    this.#at = contentStart;
    return end;
  }

  /** Reads the next element as an OBJECT IDENTIFIER. */
  objectIdentifier(): string {
    const { contentStart, end } = this.next(DerTag.objectIdentifier);
    return identifierAt(this.#bytes, contentStart, end);
  }

  /** Reads the next element as text; undefined for a value that is no string. */
  text(): string | undefined {
    const { tag, contentStart, end } = this.next();
    return textAt(this.#bytes, tag, contentStart, end);
  }
}

/** Texts of identifiers that were read before, by a sum over their bytes: all certificates use the same few. */
const knownIdentifiers = new Map<number, { readonly bytes: Uint8Array; readonly text: string }>();
const MOST_IDENTIFIERS = 256;

/** `2.5.4.3` from the content bytes of an OBJECT IDENTIFIER. */
function identifierAt(bytes: Uint8Array, start: number, end: number): string {
  let sum = end - start;
  for (let at = start; at < end; at++) sum = (sum * 31 + bytes[at]!) | 0;
  const known = knownIdentifiers.get(sum);
  if (known && isAt(known.bytes, bytes, start, end)) return known.text;
  const content = Uint8Array.prototype.slice.call(bytes, start, end);
  const text = objectIdentifierText(content);
  if (knownIdentifiers.size < MOST_IDENTIFIERS) knownIdentifiers.set(sum, { bytes: content, text });
  return text;
}

function isAt(wanted: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (wanted.length !== end - start) return false;
  for (let at = 0; at < wanted.length; at++) if (wanted[at] !== bytes[start + at]) return false;
  return true;
}

function objectIdentifierText(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  let pending = false;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    pending = (byte & 0x80) !== 0;
    if (pending) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(value / 40), 2);
      arcs.push(first, value - first * 40);
    } else {
      arcs.push(value);
    }
    value = 0;
  }
  if (arcs.length === 0 || pending) throw malformedCertificate('unreadable object identifier');
  return arcs.join('.');
}

/** The text of a DER string, or undefined for a value that is no string. */
function textAt(bytes: Buffer, tag: number, start: number, end: number): string | undefined {
  switch (tag) {
    case DerTag.utf8String:
      return bytes.toString('utf8', start, end);
    case DerTag.printableString:
    case DerTag.ia5String:
    case DerTag.numericString:
    case DerTag.t61String:
      return bytes.toString('latin1', start, end);
    case DerTag.bmpString:
      if ((end - start) % 2 !== 0) return undefined;
      return Buffer.from(bytes.subarray(start, end)).swap16().toString('utf16le');
    default:
      return undefined;
  }
}

/** UTCTime (years 1950 to 2049) or GeneralizedTime, both in the form that RFC 5280 allows: to the second, in `Z`. */
export function readDerTime(tag: number, content: Buffer): Date {
  const yearDigits = tag === DerTag.utcTime ? 2 : tag === DerTag.generalizedTime ? 4 : 0;
  if (yearDigits === 0 || content.length !== yearDigits + 11 || content[content.length - 1] !== 0x5a) {
    throw malformedCertificate('unreadable time');
  }
  const year = digits(content, 0, yearDigits);
  const [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map((at) => digits(content, yearDigits + at, 2));
  const date = new Date(0);
  date.setUTCFullYear(yearDigits === 4 ? year : year < 50 ? 2000 + year : 1900 + year, month! - 1, day);
  date.setUTCHours(hour!, minute, second);
  return date;
}

function digits(content: Buffer, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = content[index]! - 0x30;
    if (digit < 0 || digit > 9) throw malformedCertificate('unreadable time');
    value = value * 10 + digit;
  }
  return value;
}
