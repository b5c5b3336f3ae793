import type { Logger } from '@teleport-ts/tbot-core';
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino';
import { errorFields } from './error-fields.ts';
import { asText } from './escapes.ts';
import { scrubber } from './scrub.ts';
import { textLine } from './text-line.ts';

/** How log lines look: one JSON object each, or text for people. */
export type LogFormat = 'json' | 'text';

export interface LoggerOptions {
  /** Default `text`. */
  format?: LogFormat;
  /** Also debug lines, and stacks with errors. Default false. */
  debug?: boolean;
  /** Texts that must never appear, the join token for example. */
  secrets?: readonly string[];
  /** Default: standard error, written within a turn of the event loop. */
  write?: (line: string) => void;
}

/**
 * The agent's logger; JSON is written by pino. Private keys and the given secrets are taken out of every line, whatever field they came in,
 * and what is no text is escaped.
 *
 * @example
 * const logger = createLogger({ format: 'json', secrets: [token] });
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { format = 'text', debug = false, secrets = [] } = options;
  const write = options.write ?? standardError();
  const scrub = scrubber(secrets);
  if (format === 'text') return textLogger((line) => write(asText(scrub(line))), debug);
  const stream: DestinationStream = { write: (line) => write(asText(scrub(line))) };
  return pino(
    {
      level: debug ? 'debug' : 'info',
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => errorFields(error, debug) },
    },
    stream,
  );
}

/** Text needs no JSON on its way; every credential makes a line. */
function textLogger(write: (line: string) => void, debug: boolean): Logger {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      write(textLine({ level, time: new Date().toISOString(), message }, withoutErrors(fields, debug)));
  return { debug: debug ? at('debug') : () => {}, info: at('info'), warn: at('warn'), error: at('error') };
}

function withoutErrors(fields: object, debug: boolean): object {
  return 'err' in fields ? { ...fields, err: errorFields(fields.err, debug) } : fields;
}

/**
 * Lines of one turn of the event loop leave together: under load a write for each of them takes as long as a credential's
 * own work. What is left at the end of the process leaves then.
 */
function standardError(): (line: string) => void {
  const stream = destination({ fd: 2, sync: true });
  let waiting = '';
  const flush = (): void => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') stream.write(lines);
  };
  process.once('exit', flush);
  return (line) => {
    if (waiting === '') setImmediate(flush);
    waiting += line;
  };
}
