import { TeleportError } from './teleport-error.ts';

/** A user's traits: names with their values, such as `{ logins: ['root', 'alice'] }`. */
export type Traits = Readonly<Record<string, readonly string[]>>;

/**
 * Reads traits as certificates carry them: a JSON map of lists, where `null` stands for no traits and for an empty list;
 * the protobuf form of old certificates is read too.
 *
 * @throws TeleportError `bad_parameter` when it is neither
 */
export function parseTraits(text: string): Traits {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return parseProtobufTraits(Buffer.from(text, 'utf8'));
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw malformedTraits();
  // As it is, nearly always: every certificate that is read passes here.
  if (Object.values(value).every(isTextList)) return value as Traits;
  return fromEntries(
    Object.entries(value).map(([name, values]): [string, string[]] => {
      if (values === null) return [name, []];
      if (!isTextList(values)) throw malformedTraits();
      return [name, values];
    }),
  );
}

function isTextList(values: unknown): values is string[] {
  return Array.isArray(values) && values.every((item) => typeof item === 'string');
}

/** Writes traits as Teleport does: names sorted, an empty list and no traits at all as `null`, `<`, `>`, `&` escaped. */
export function formatTraits(traits: Traits): string {
  const names = Object.keys(traits).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (names.length === 0) return 'null';
  const members = names.map((name) => {
    const values = traits[name]!;
    return `${JSON.stringify(name)}:${values.length === 0 ? 'null' : JSON.stringify(values)}`;
  });
  return escapeJsonAsGo(`{${members.join(',')}}`);
}

/** Go's encoding/json escapes these five, so that JSON may stand inside HTML and JavaScript. */
export function escapeJsonAsGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const malformedTraits = (): TeleportError =>
  new TeleportError('bad_parameter', 'malformed traits: expected a map of names to lists of strings');

/** An own property even for a trait called `__proto__`. */
function fromEntries(entries: Iterable<readonly [string, string[]]>): Traits {
  return Object.fromEntries(entries);
}

// message LabelValues { map<string, StringValues> values = 1; }  message StringValues { repeated string values = 1; }
function parseProtobufTraits(bytes: Buffer): Traits {
  return fromEntries(
    lengthDelimited(bytes).map(([, entry]): [string, string[]] => {
      const fields = lengthDelimited(entry, 2);
      const name = fields.findLast(([number]) => number === 1)?.[1].toString('utf8') ?? '';
      const values = fields.findLast(([number]) => number === 2)?.[1] ?? Buffer.alloc(0);
      return [name, lengthDelimited(values).map(([, value]) => value.toString('utf8'))];
    }),
  );
}

function lengthDelimited(bytes: Buffer, highestField = 1): [number, Buffer][] {
  const fields: [number, Buffer][] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    if ((tag & 7) !== 2 || tag >> 3 < 1 || tag >> 3 > highestField) throw malformedTraits();
    let length = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw malformedTraits();
      length += (byte & 0x7f) * 2 ** shift;
      shift += 7;
      if (byte < 0x80) break;
    }
    if (at + length > bytes.length) throw malformedTraits();
    fields.push([tag >> 3, bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}
