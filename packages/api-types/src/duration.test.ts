import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatGoDuration, msFromNanoseconds, nanosecondsFromMs, parseGoDuration } from './duration.ts';
import { isTeleportError } from './teleport-error.ts';

interface GoDuration {
  readonly text: string;
  readonly ns?: string;
  readonly go?: string;
}

const { cases }: { cases: GoDuration[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testdata/go-durations.json'), 'utf8'),
);
const accepted = cases.filter((entry) => entry.ns !== undefined);
const refused = cases.filter((entry) => entry.ns === undefined);

/** Below, milliseconds in a double hold every nanosecond. */
const EXACT_NS = 2n ** 52n;

describe('parseGoDuration', () => {
  it.each(accepted)('reads "$text" as Go does', ({ text, ns }) => {
    expect(parseGoDuration(text)).toBe(msFromNanoseconds(BigInt(ns!)));
  });

  it.each(refused)('refuses "$text" as Go does, quoting it', ({ text }) => {
    let error: unknown;
    try {
      parseGoDuration(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(isTeleportError(error, 'bad_parameter')).toBe(true);
    expect((error as Error).message).toContain(JSON.stringify(text));
  });

  it('reads what formatGoDuration writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -4_000_000_000, max: 4_000_000_000 }),
        fc.integer({ min: 0, max: 999_999 }),
        (ms, ns) => {
          const duration = msFromNanoseconds(BigInt(ms) * 1_000_000n + BigInt(ns));
          expect(nanosecondsFromMs(parseGoDuration(formatGoDuration(duration)))).toBe(nanosecondsFromMs(duration));
        },
      ),
    );
  });

  it('never throws anything but its own error', () => {
    const pieces = fc.constantFrom('1', '-', '+', '.', '9', 'h', 'm', 's', 'ms', 'µs', 'ns', ' ', 'd', '0');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        try {
          expect(Number.isFinite(parseGoDuration(parts.join('')))).toBe(true);
        } catch (error) {
          if (!isTeleportError(error, 'bad_parameter')) throw error;
        }
      }),
    );
  });
});

describe('formatGoDuration', () => {
  const exact = accepted.filter(({ ns }) => BigInt(ns!) < EXACT_NS && BigInt(ns!) > -EXACT_NS);

  it.each(exact)('writes "$go" as Go does', ({ ns, go }) => {
    expect(formatGoDuration(msFromNanoseconds(BigInt(ns!)))).toBe(go);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (ms) => {
    expect(() => formatGoDuration(ms)).toThrow(RangeError);
  });
});
