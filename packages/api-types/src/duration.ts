import { TeleportError } from './teleport-error.ts';

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n, // U+00B5
  μs: 1_000n, // U+03BC
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

const TERM = /(\d*)(?:\.(\d*))?([^\d.]+)/y;
const LIMIT = 1n << 63n;

/**
 * Milliseconds of a duration as Go writes it: `1h30m`, `90s`, `1.5ms`, `-2m`, `0`.
 *
 * Units are `ns`, `us` (`µs`), `ms`, `s`, `m` and `h`; there are no days. Below a millisecond the result is a
 * fraction. The same texts are refused as by Go's `time.ParseDuration`, among them a number without a unit
 * and what does not fit 64 bits of nanoseconds (292 years).
 *
 * @throws TeleportError `bad_parameter`
 * @example
 * parseGoDuration('1h30m'); // 5_400_000
 */
export function parseGoDuration(text: string): number {
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  const rest = text.slice(sign.length);
  if (rest === '0') return 0;
  if (rest === '') throw malformed(text);
  let total = 0n;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < rest.length) {
    const [term, whole = '', fraction = '', unit = ''] = TERM.exec(rest) ?? [];
    const nanoseconds = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined;
    if (term === undefined || whole + fraction === '' || nanoseconds === undefined) throw malformed(text);
    total += BigInt(whole) * nanoseconds + fractionOf(fraction, nanoseconds);
    if (total > LIMIT) throw malformed(text);
  }
  if (total === LIMIT && sign !== '-') throw malformed(text);
  return msFromNanoseconds(sign === '-' ? -total : total);
}

/**
 * A duration of milliseconds as Go prints it: `1h30m0s`, `1.5s`, `250ms`, `0s`.
 *
 * @throws RangeError if `ms` is not finite
 * @example
 * formatGoDuration(5_400_000); // '1h30m0s'
 */
export function formatGoDuration(ms: number): string {
  const signed = nanosecondsFromMs(ms);
  const total = signed < 0n ? -signed : signed;
  const sign = signed < 0n ? '-' : '';
  if (total === 0n) return '0s';
  const unit = total < 1_000n ? 'ns' : total < 1_000_000n ? 'µs' : total < 1_000_000_000n ? 'ms' : 's';
  if (unit !== 's') return `${sign}${decimal(total, NANOSECONDS[unit]!)}${unit}`;
  const hours = total / NANOSECONDS.h!;
  const minutes = (total % NANOSECONDS.h!) / NANOSECONDS.m!;
  const seconds = `${decimal(total % NANOSECONDS.m!, NANOSECONDS.s!)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}

/**
 * Nanoseconds, as the `int64` duration fields of Teleport's resources hold them.
 *
 * @throws RangeError if `ms` is not finite
 */
export function nanosecondsFromMs(ms: number): bigint {
  const whole = Math.trunc(ms);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
}

/** Milliseconds, with a fraction where there is one, of a duration field that holds nanoseconds. */
export function msFromNanoseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000_000n) + Number(nanoseconds % 1_000_000n) / 1e6;
}

/** In floating point and cut to a nanosecond, as Go does: `0.3333333333333333333h` is 20 minutes. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit);
    if (next >= LIMIT) break;
    value = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  if (rest === 0n) return `${value / unit}`;
  const digits = `${rest}`.padStart(`${unit}`.length - 1, '0').replace(/0+$/, '');
  return `${value / unit}.${digits}`;
}

function malformed(text: string): TeleportError {
  return new TeleportError('bad_parameter', `not a duration: ${JSON.stringify(text)}`, {
    hint: 'write it like 90s, 20m or 1h30m',
  });
}
