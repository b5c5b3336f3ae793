import { isTeleportError } from '@teleport-ts/api-types';

/** Causes below this depth are left out. */
const DEEPEST = 5;

/** An error as the fields of a log line: what it says and why, its stack only where that is wanted. */
export function errorFields(error: unknown, withStack: boolean, depth = 0): object | string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  const code = isTeleportError(error) ? error.code : (error as NodeJS.ErrnoException).code;
  return {
    message,
    ...(code === undefined ? {} : { code }),
    ...(isTeleportError(error) && error.hint !== undefined ? { hint: error.hint } : {}),
    ...(isTeleportError(error) && error.rpc !== undefined ? { rpc: error.rpc } : {}),
    ...(withStack && depth === 0 ? { stack: error.stack } : {}),
    ...(cause === undefined || depth >= DEEPEST ? {} : { cause: errorFields(cause, withStack, depth + 1) }),
  };
}
