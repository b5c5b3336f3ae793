/** A bound on a row's ratio: `<=` for costs, `>=` for throughput. */
export interface Budget {
  readonly sign: '<=' | '>=';
  readonly value: number;
}

/** One line of the table that `pnpm bench` prints. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly baseline: string;
  /** Ours against the baseline, from the same run; absent where there is nothing to compare with. */
  readonly ratio?: number;
  readonly budget?: Budget;
}

/** What one bench has found. */
export interface Findings {
  readonly rows: readonly Row[];
  /** What the rows cannot tell: what was not run, and why. */
  readonly notes?: readonly string[];
}

/** The rows as a table, with a verdict where there is a budget. */
export function table(rows: readonly Row[]): string {
  const head = ['what', 'ours', 'baseline', 'ratio', 'budget', ''];
  const lines = rows.map((row) => [
    row.what,
    row.ours,
    row.baseline,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} x`,
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

/** Whether the row keeps its budget; what could not be measured does not. */
export function holds({ budget, ratio = Number.NaN }: Row): boolean {
  if (!budget) return true;
  return budget.sign === '<=' ? ratio <= budget.value : ratio >= budget.value;
}

export function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

export function perSecond(value: number): string {
  return `${Math.round(value)} /s`;
}

export function mib(value: number): string {
  return `${value.toFixed(1)} MiB`;
}
