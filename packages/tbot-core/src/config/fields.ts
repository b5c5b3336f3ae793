import { didYouMean, isTeleportError, parseGoDuration } from '@teleport-ts/api-types';
import { z } from 'zod';

/** A refusal of one value; the hint ends up on the `hint:` line. */
export class FieldError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** A field that is read by `parse`, whose errors become the issue's message and hint. */
export function field<T>(parse: (value: unknown) => T): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    try {
      if (value === undefined) throw new FieldError('is missing');
      return parse(value);
    } catch (error) {
      if (!(error instanceof FieldError) && !isTeleportError(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message, params: { hint: error.hint } });
      return z.NEVER;
    }
  }) as unknown as z.ZodType<T>;
}

/** Text that is not empty. */
export const text: z.ZodType<string> = field((value) => {
  if (typeof value !== 'string') throw new FieldError(`must be text, not ${typeName(value)}`);
  if (value.trim() === '') throw new FieldError('must not be empty');
  return value;
});

/** Text that a parser of ours takes further. */
export function textAs<T>(parse: (value: string) => T): z.ZodType<T> {
  return field((value) => {
    if (typeof value !== 'string') throw new FieldError(`must be text, not ${typeName(value)}`);
    return parse(value);
  });
}

export const flag: z.ZodType<boolean> = field((value) => {
  if (typeof value !== 'boolean') throw new FieldError(`must be true or false, not ${typeName(value)}`);
  return value;
});

/** A Go duration as milliseconds, above zero. */
export const duration: z.ZodType<number> = field(durationMs);

/** @throws FieldError for what is not a positive Go duration */
export function durationMs(value: unknown): number {
  if (typeof value === 'number')
    throw new FieldError(`has no unit: ${value}`, `write a duration like ${value}m or ${value}s`);
  if (typeof value !== 'string') throw new FieldError(`must be a duration like 10m, not ${typeName(value)}`);
  let ms: number;
  try {
    ms = parseGoDuration(value.trim());
  } catch {
    throw new FieldError(`is not a duration: ${JSON.stringify(value)}`, 'write it like 90s, 20m or 1h30m');
  }
  if (ms <= 0) throw new FieldError(`must be positive, not ${value}`);
  return ms;
}

/** A list with at least one entry; an empty one could be read as "all" or as "none", so it is refused. */
export function filledList<T>(entry: z.ZodType<T>, meaningOfAbsence: string): z.ZodType<T[]> {
  return z.array(entry).refine((list) => list.length > 0, {
    message: 'is empty',
    params: { hint: `leave it out: then ${meaningOfAbsence}` },
  }) as unknown as z.ZodType<T[]>;
}

/** One of a few words. `notYet` holds words of tbot that are refused by their own message. */
export function word<T extends string>(
  what: string,
  known: readonly T[],
  notYet: readonly string[] = [],
): z.ZodType<T> {
  return textAs((value) => {
    const found = known.find((one) => one === value);
    if (found !== undefined) return found;
    const supported = `supported: ${known.join(', ')}`;
    if (notYet.includes(value))
      throw new FieldError(`${what} ${JSON.stringify(value)} is not supported by this version`, supported);
    const near = didYouMean(value, [...known, ...notYet]);
    throw new FieldError(`unknown ${what} ${JSON.stringify(value)}`, near ? `did you mean ${near}?` : supported);
  });
}

/** How a value's type is called towards people; never the value itself, which may be a secret. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'boolean') return 'a boolean';
  return typeof value === 'number' ? 'a number' : 'text';
}
