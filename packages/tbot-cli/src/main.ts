import { runCommandLine } from './command-line.ts';

// The one place where the command ends.
void runCommandLine(process.argv.slice(2)).then((code) => process.exit(code));
