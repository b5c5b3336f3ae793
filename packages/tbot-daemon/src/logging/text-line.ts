/** Fields that stand at the front of a line. */
const FRONT = new Set(['level', 'time', 'message']);

/** One record as a line for people: time, level, message, then `field=value`. */
export function textLine(record: Record<string, unknown>): string {
  const level = String(record.level).toUpperCase().padEnd(5);
  const fields = Object.entries(record)
    .filter(([name]) => !FRONT.has(name))
    .flatMap(([name, value]) => flatten(name, value))
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
  return `${record.time} ${level} ${record.message}${fields}\n`;
}

function flatten(name: string, value: unknown): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, inner]) => flatten(`${name}.${key}`, inner));
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [[name, /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(value)]];
}
