/** What stands at the front of a line. */
export interface LineHead {
  readonly level: string;
  /** RFC 3339. */
  readonly time: string;
  readonly message: string;
}

/** Fields inside of fields below this depth are written as JSON. */
const DEEPEST = 8;

/** One record as a line for people: time, level, message, then `field=value`, as JSON where it is not plain. */
export function textLine({ level, time, message }: LineHead, fields: object): string {
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${textOf('', fields, 0)}\n`;
}

function textOf(prefix: string, fields: object, depth: number): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) text += fieldText(prefix + name, value, depth);
  return text;
}

function fieldText(name: string, value: unknown, depth: number): string {
  if (typeof value === 'string') return ` ${name}=${isPlain(value) ? value : JSON.stringify(value)}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return jsonText(name, value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return fieldText(name, value.toJSON(), depth);
  return depth < DEEPEST ? textOf(`${name}.`, value, depth + 1) : jsonText(name, value);
}

function jsonText(name: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  } catch {
    text = '"[unreadable]"';
  }
  // As in JSON, what has no value is left out.
  return text === undefined ? '' : ` ${name}=${text}`;
}

const isPlain = (text: string): boolean => /^[\w.:/@+-]+$/.test(text);
