// Runs vitest and closes with one line that adds everything up:
//   Tests: N passed, N failed, N skipped
// `--project interop` runs against a real Teleport 18 (TELEPORT_BIN_DIR);
// any other argument goes to vitest as it is.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = `${root}.test-results`;
const args = process.argv.slice(2);
const interop = args.includes('interop');
const projects = args.includes('--project') ? [] : ['unit', 'unit-alone', 'e2e'].flatMap((name) => ['--project', name]);

if (interop && !process.env.TELEPORT_BIN_DIR) {
  console.log(
    'interop: skipped, TELEPORT_BIN_DIR does not name a folder with teleport, tctl, tsh and tbot of Teleport 18',
  );
  process.exit(0);
}
if (!interop && !process.env.TELEPORT_BIN_DIR) {
  console.log('interop tests are skipped here: they need a real Teleport 18 (TELEPORT_BIN_DIR=… pnpm interop)');
}

mkdirSync(results, { recursive: true });
const file = `${results}/${interop ? 'interop' : 'tests'}.json`;
rmSync(file, { force: true });
const reporter = process.env.CI ? 'dot' : 'default';
const child = spawn(
  process.execPath,
  [
    `${root}node_modules/vitest/vitest.mjs`,
    'run',
    ...projects,
    ...args,
    `--reporter=${reporter}`,
    '--reporter=json',
    `--outputFile.json=${file}`,
  ],
  { cwd: root, stdio: 'inherit', env: { NO_COLOR: process.env.CI ? '1' : undefined, ...process.env } },
);
child.on('exit', (code, signal) => {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    console.error('vitest left no report');
    process.exit(code || 1);
  }
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') console.log(`failed: ${suite.name.replace(root, '')} › ${test.fullName}`);
    }
    // A file that cannot be loaded has no test to count; it must not pass for that.
    if (suite.status === 'failed' && suite.assertionResults.length === 0) {
      console.log(`failed to load: ${suite.name.replace(root, '')}\n${suite.message}`);
      report.numFailedTests += 1;
    }
  }
  const skipped = report.numPendingTests + report.numTodoTests;
  console.log(`Tests: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`);
  process.exit(code || (signal ? 1 : 0) || (report.numFailedTests > 0 ? 1 : 0));
});
