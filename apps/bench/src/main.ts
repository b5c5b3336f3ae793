import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { benches } from './benches.ts';
import { HELPER_ARGUMENT, serveHelper } from './process/helper.ts';
import { type HelperName, helpers } from './process/helpers.ts';
import { type Findings, holds, table } from './report.ts';

const USAGE = `usage: pnpm bench [name …] [--quick] [--strict] [--json FILE]

Measures against baselines of the same run and prints one table. Only the ratios are worth quoting.

  name          only these: ${Object.keys(benches).join(', ')}
  --quick       few rounds
  --strict      exit with 1 when a budget is missed
  --json FILE   write the rows to a file too
  SOAK=1        longer where it is a matter of length

`;

if (process.argv[2] === HELPER_ARGUMENT) {
  await serveHelper(await helpers[process.argv[3] as HelperName]());
} else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
  process.exitCode = await main(process.argv.slice(2));
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const unknown = positionals.filter((name) => !(name in benches));
  if (values.help || unknown.length > 0) {
    if (unknown.length > 0) process.stderr.write(`there is no bench ${unknown.join(', ')}\n\n`);
    process.stdout.write(USAGE);
    return unknown.length > 0 ? 2 : 0;
  }
  const all: Findings[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const started = performance.now();
    process.stderr.write(`bench: ${name} …`);
    const findings = await bench({ quick: values.quick });
    process.stderr.write(` ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
    all.push(findings);
  }
  const rows = all.flatMap((findings) => findings.rows);
  const notes = all.flatMap((findings) => findings.notes ?? []);
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '', load: loadavg()[0] ?? 0 };
  const missed = rows.filter((row) => !holds(row)).length;
  process.stdout.write(`${table(rows)}\n${notes.map((note) => `note: ${note}\n`).join('')}`);
  process.stdout.write(
    `node ${machine.node}, ${machine.cpus} CPUs (${machine.cpu}), load ${machine.load.toFixed(1)}; ` +
      `${missed === 0 ? 'all budgets kept' : `${missed} of ${rows.filter(({ budget }) => budget).length} budgets MISSED`}\n`,
  );
  if (values.json !== undefined) {
    const report = { machine, rows: rows.map((row) => ({ ...row, holds: holds(row) })), notes };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return values.strict && missed > 0 ? 1 : 0;
}
