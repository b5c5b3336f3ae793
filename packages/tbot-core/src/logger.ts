/**
 * Where the parts of an agent tell what they do. Structural: `console` fits, and so does a thin shim over any logger.
 *
 * Messages and fields never hold keys, tokens or certificates' private parts.
 *
 * @example
 * const logger: Logger = { ...silentLogger, error: (message, fields) => console.error(message, fields) };
 */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

const nothing = (): void => {};

/** A logger that drops everything: the default of all that takes one. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
