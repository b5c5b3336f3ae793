import { generateKeyPairSync } from 'node:crypto';
import { TeleportError } from '@teleport-ts/api-types';
import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from './logger.ts';

function logger(options: LoggerOptions = {}) {
  const lines: string[] = [];
  return { lines, log: createLogger({ ...options, write: (line) => lines.push(line) }) };
}

test('JSON: one object a line', () => {
  const { lines, log } = logger({ format: 'json' });
  log.info({ socket: '/run/tbot.sock' }, 'listening');
  log.debug({}, 'too fine');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', message: 'listening', socket: '/run/tbot.sock' });
});

test('text: time, level, message, fields', () => {
  const { lines, log } = logger({ debug: true });
  log.debug({ roles: ['a', 'b'], note: 'two words', bot: { name: 'ci' } }, 'ready');
  expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z DEBUG ready roles=\["a","b"\] note="two words" bot.name=ci\n$/);
});

test('text: what has no value is left out, and nothing is too odd for a line', () => {
  const { lines, log } = logger();
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const at = new Date('2026-01-02T03:04:05Z');
  log.info({ none: undefined, at, big: 1n, list: ['a b'], nothing: null, loop: [loop] }, 'odd');
  log.info(loop, 'deep');
  expect(lines[0]).toMatch(
    /INFO {2}odd at=2026-01-02T03:04:05.000Z big=1 list=\["a b"\] nothing=null loop="\[unreadable\]"\n$/,
  );
  expect(lines[1]).toMatch(/INFO {2}deep self(\.self){8}="\[unreadable\]"\n$/);
});

test.each(['json', 'text'] as const)('a line is one line, and does nothing to a terminal (%s)', (format) => {
  const { lines, log } = logger({ format });
  const evil = 'a\nb\u001b[2J\u009b31m\u0085c\u2028d\u202e\u007f';
  log.info({ name: evil, list: [evil] }, `message ${evil}`);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\0-\x1f\x7f-\x9f\u2028\u202e]+\n$/);
  if (format === 'json')
    expect(JSON.parse(lines[0]!)).toMatchObject({ name: evil, list: [evil], message: `message ${evil}` });
});

test('an error tells its code, hint and causes; its stack only with debug', () => {
  const error = new TeleportError('locked', 'it is locked', { hint: 'unlock it', cause: new Error('deeper') });
  const plain = logger({ format: 'json' });
  plain.log.error({ err: error }, 'failed');
  expect(JSON.parse(plain.lines[0]!).err).toEqual({
    code: 'locked',
    message: 'it is locked',
    hint: 'unlock it',
    cause: { message: 'deeper' },
  });
  const debug = logger({ format: 'json', debug: true });
  debug.log.error({ err: error }, 'failed');
  expect(JSON.parse(debug.lines[0]!).err.stack).toContain('logger.test.ts');
});

describe('secrets', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const body = pem.split('\n')[1]!;

  test.each(['json', 'text'] as const)('a private key never leaves, whatever brought it (%s)', (format) => {
    const { lines, log } = logger({ format, debug: true });
    log.info({ key: pem }, `key ${pem}`);
    log.error({ err: new Error(`bad key ${pem}`, { cause: { deep: pem } }) }, 'failed');
    log.info({ cut: pem.slice(0, 60) }, 'half a key');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).toContain('[redacted]');
    expect(lines.join('')).not.toContain(body.slice(0, 20));
    if (format === 'json') for (const line of lines) JSON.parse(line);
  });

  test('nor does a token, in a text or as a field', () => {
    const token = 'a"secret\\token';
    const { lines, log } = logger({ format: 'json', secrets: [token, ''] });
    log.info({ token }, `joining with ${token}`);
    expect(JSON.parse(lines[0]!)).toMatchObject({ token: '[redacted]', message: 'joining with [redacted]' });
  });
});
