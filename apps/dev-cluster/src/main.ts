#!/usr/bin/env node
import { runCommandLine } from './shell/program.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
