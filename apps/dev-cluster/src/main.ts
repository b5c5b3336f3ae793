#!/usr/bin/env node
import { errorLines, exitCodeOf } from './shell/exit.ts';
import { runProgram } from './shell/program.ts';

try {
  await runProgram(process.argv.slice(2));
} catch (error) {
  process.stderr.write(errorLines(error));
  process.exitCode = exitCodeOf(error);
}
