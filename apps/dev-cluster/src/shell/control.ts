import { type ErrorCode, isTeleportError, TeleportError } from '@teleport-ts/api-types';

// What a command says to a running cluster over the socket in its data directory: one line of JSON, and one back.

/** Both sides must have the same. */
export const CONTROL_VERSION = 1;

/** The longest line, in bytes. */
export const MAX_LINE_BYTES: number = 64 * 2 ** 20;

export interface ControlRequest {
  readonly version: number;
  /** Name of an operation. */
  readonly operation: string;
  readonly fields: unknown;
}

export type ControlAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint?: string } };

/** Does what a line asks for; whatever is wrong becomes an answer. */
export async function answerTo(
  line: string,
  perform: (operation: string, fields: unknown) => Promise<unknown>,
): Promise<ControlAnswer> {
  try {
    const { version, operation, fields } = parsed(line);
    if (version !== CONTROL_VERSION) {
      throw new TeleportError('version_mismatch', `the running cluster takes commands of version ${CONTROL_VERSION}`, {
        hint: 'use the dev-cluster that started it',
      });
    }
    return { result: (await perform(operation, fields)) ?? null };
  } catch (error) {
    const { code, hint } = isTeleportError(error) ? error : { code: 'unknown' as const, hint: undefined };
    return { error: { code, message: (error as Error).message, ...(hint !== undefined && { hint }) } };
  }
}

/** @throws TeleportError what the other side says is wrong */
export function resultOf(line: string): unknown {
  const answer = JSON.parse(line) as ControlAnswer;
  if ('result' in answer) return answer.result;
  const { code, message, hint } = answer.error;
  throw new TeleportError(code, message, { hint });
}

function parsed(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TeleportError('bad_parameter', 'a command is one line of JSON');
  }
  const request = (value ?? {}) as Partial<ControlRequest>;
  if (typeof request.version !== 'number' || typeof request.operation !== 'string') {
    throw new TeleportError('bad_parameter', 'a command has a version and an operation');
  }
  return request as ControlRequest;
}
