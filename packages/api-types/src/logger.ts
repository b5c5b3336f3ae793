/**
 * What the packages ask of a logger. The methods take the fields first and the message second, so a pino logger can be
 * handed in as it is. No key, token or certificate is ever passed to it.
 *
 * @example
 * const client = await connect({ addresses, credentials, logger: pino() });
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const ignore = (): void => {};

/** A logger that says nothing: the default wherever a logger may be passed. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
