import { TeleportError } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { errorLines } from './exit.ts';
import { judge } from './generate/dry-run.ts';
import { cutNote } from './generate/report.ts';
import { printable } from './printable.ts';

const EVIL = '\u001b]52;c;cm0gLXJmIH4K\u0007\u009b31mred\u202e\u007f\r';
const CONTROL = /[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

test('nothing of it reaches a terminal as more than text', () => {
  expect(printable(EVIL)).toBe(String.raw`\u001b]52;c;cm0gLXJmIH4K\u0007\u009b31mred\u202e\u007f\u000d`);
  expect(printable('Grüße, 世界 👋\n\tline')).toBe('Grüße, 世界 👋\n\tline');
});

test('JSON stays what it is', () => {
  const text = JSON.stringify({ lastError: EVIL }, null, 2);
  expect(printable(text)).not.toMatch(CONTROL);
  expect(JSON.parse(printable(text))).toEqual({ lastError: EVIL });
});

test.each([
  ['an error', errorLines(new TeleportError('not_found', `no ${EVIL}`, { hint: `try ${EVIL}` }))],
  ['a note', cutNote({ ttl: { askedMs: 2000, effectiveMs: 1000, cutBy: EVIL } })],
  [
    'a dry run',
    judge({ kind: 'application', name: 'x' }, {
      roles: [EVIL],
      kinds: [],
      clusters: [EVIL],
      cluster: EVIL,
      socket: EVIL,
      names: new Map(),
      defaultTtlMs: 1,
      maxTtlMs: 1,
      minTtlMs: 1,
    } as never).text,
  ],
])("%s shows an agent's words, and does not obey them", (_, text) => {
  expect(text).toContain('cm0gLXJmIH4K');
  expect(text).not.toMatch(CONTROL);
});
