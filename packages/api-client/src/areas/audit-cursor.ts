import { TeleportError } from '@teleport-ts/api-types';

/** Where an export of a log that is kept in chunks has come to. */
export interface ChunkPosition {
  /** `2026-01-31`, UTC. */
  readonly day: string;
  /** The cursor behind the last event that was taken of each chunk of the day. */
  readonly chunks: Readonly<Record<string, string>>;
}

/** Where an export by searching has come to. */
export interface SearchPosition {
  /** The first moment that is searched, milliseconds since 1970. */
  readonly from: number;
  /** The key that the page begins behind. */
  readonly key: string;
  /** How many events behind it were taken. */
  readonly taken: number;
}

export type AuditPosition = ChunkPosition | SearchPosition;

/** A position as a text that programs keep. */
export function formatAuditCursor(position: AuditPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** @throws TeleportError `bad_parameter` for a text that is no cursor of an export */
export function parseAuditCursor(text: string): AuditPosition {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {}
  if (isChunkPosition(value) || isSearchPosition(value)) return value;
  throw new TeleportError('bad_parameter', 'cursor: not one of an export of audit events', {
    hint: 'give the cursor of the last event that was handled, as it came',
  });
}

export function isChunkPosition(value: unknown): value is ChunkPosition {
  const { day, chunks } = (value ?? {}) as Partial<Record<keyof ChunkPosition, unknown>>;
  return (
    typeof day === 'string' &&
    /^\d{4}-\d\d-\d\d$/.test(day) &&
    !Number.isNaN(Date.parse(day)) &&
    typeof chunks === 'object' &&
    chunks !== null &&
    Object.values(chunks).every((cursor) => typeof cursor === 'string')
  );
}

function isSearchPosition(value: unknown): value is SearchPosition {
  const { from, key, taken } = (value ?? {}) as Partial<Record<keyof SearchPosition, unknown>>;
  return (
    Number.isSafeInteger(from) &&
    Math.abs(from as number) <= 8.64e15 &&
    typeof key === 'string' &&
    Number.isSafeInteger(taken) &&
    (taken as number) >= 0
  );
}
