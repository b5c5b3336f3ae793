import { runCommandLine } from './command-line.ts';

// The one place where the command ends.
runCommandLine(process.argv.slice(2)).then((code) => process.exit(code));
