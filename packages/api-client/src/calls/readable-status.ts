import { status } from '@grpc/grpc-js';

/** How a call ended, as far as grpc-js says it. */
export interface ReadableStatus {
  readonly code: number;
  readonly details: string;
}

/** grpc-js ends a call whose answer it cannot unpack with a status that has neither code nor text. */
export function readableStatus(error: Error & Partial<ReadableStatus>): ReadableStatus {
  if (typeof error.code === 'number') return error as Error & ReadableStatus;
  const details = 'the answer cannot be read';
  return Object.assign(new Error(details, { cause: error }), { code: status.INTERNAL, details });
}
