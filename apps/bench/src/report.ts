/** One line of the table that `pnpm bench` prints. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly baseline: string;
  /** Ours against the baseline, from the same run. */
  readonly ratio: number;
  /** The budget on that ratio: `<=` for costs, `>=` for throughput. */
  readonly budget?: { readonly sign: '<=' | '>='; readonly value: number };
}

/** The rows as a table, with a verdict where there is a budget. */
export function table(rows: readonly Row[]): string {
  const head = ['what', 'ours', 'baseline', 'ratio', 'budget', ''];
  const lines = rows.map((row) => [
    row.what,
    row.ours,
    row.baseline,
    `${row.ratio.toFixed(2)} x`,
    row.budget ? `${row.budget.sign} ${row.budget.value} x` : '',
    row.budget ? (holds(row) ? 'ok' : 'MISSED') : '',
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => (line[column] as string).length)),
  );
  const text = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`;
  return [text(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(text)].join('\n');
}

/** Whether the row keeps its budget. */
export function holds(row: Row): boolean {
  if (!row.budget) return true;
  return row.budget.sign === '<=' ? row.ratio <= row.budget.value : row.ratio >= row.budget.value;
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}
