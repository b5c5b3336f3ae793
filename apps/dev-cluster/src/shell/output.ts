/** How results are printed. */
export type Format = 'text' | 'json';

/** One value as JSON on one line, or as its text. */
export function print(format: Format, value: unknown, text: string): void {
  process.stdout.write(format === 'json' ? `${JSON.stringify(value)}\n` : text === '' ? '' : `${text.trimEnd()}\n`);
}

/** A table with a heading; columns are as wide as they need to be, the last is as it is. */
export function table(columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): string {
  const cells = [columns.map(heading), ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => (line[index] as string).length)));
  return cells
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A value and what it is made of, one `name: value` a line, deeper parts indented; what is empty is left out. */
export function outline(value: Readonly<Record<string, unknown>>, indent = ''): string {
  const lines: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (isEmpty(member)) continue;
    if (isPlainList(member) || typeof member !== 'object') lines.push(`${indent}${name}: ${cell(member)}`);
    else if (Array.isArray(member)) {
      for (const item of member)
        lines.push(`${indent}${name}:`, outline(item as Record<string, unknown>, `${indent}  `));
    } else {
      const inner = outline(member as Record<string, unknown>, `${indent}  `);
      if (inner !== '') lines.push(`${indent}${name}:`, inner);
    }
  }
  return lines.join('\n');
}

const heading = (column: string): string => column.replace(/[A-Z]/g, ' $&').toUpperCase();

function cell(value: unknown): string {
  if (isEmpty(value)) return '-';
  if (Array.isArray(value)) return value.map(String).join(',');
  if (typeof value === 'object')
    return Object.entries(value as object)
      .map(([k, v]) => `${k}=${v}`)
      .join(',');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : visible(String(value));
}

/** Text from a resource moves no cursor and makes no lines. */
const visible = (text: string): string =>
  /\p{Cc}/u.test(text) ? JSON.stringify(text).replaceAll(/[\u007f-\u009f]/g, '?') : text;

const isPlainList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item !== 'object');

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value as object).length === 0);
