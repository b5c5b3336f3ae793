import { expect, test } from 'vitest';
import { HeldCredentials, holderOf } from './held-credentials.ts';
import type { ParsedRequest } from './requests.ts';

const life = { expires: new Date(1000), refreshAt: new Date(500) };
const asked = (more: Partial<ParsedRequest['wanted']> = {}): ParsedRequest => ({
  wanted: { kind: 'application', name: 'grafana', roles: ['a', 'b'], cluster: '', ...more },
});

test('a credential is found by its serial, however that is written, as long as it lives', () => {
  const held = new HeldCredentials();
  held.remember('0aFF', 'me', life);
  expect(held.find('AFf', 'me', 999)).toEqual(life);
  expect(held.find('00aff', 'me', 1000)).toBeUndefined();
  expect(held.find('aff', 'you', 0)).toBeUndefined();
  expect(held.find('', 'me', 0)).toBeUndefined();
});

test('one without a serial is not remembered', () => {
  const held = new HeldCredentials();
  held.remember('', 'me', life);
  expect(held.size).toBe(0);
});

test('memory is bounded, the oldest go first', () => {
  const held = new HeldCredentials();
  for (let serial = 1; serial <= 5000; serial++) {
    held.remember(serial.toString(16), 'me', life);
    held.remember('1', 'me', life);
  }
  expect(held.size).toBe(4096);
  expect(held.find('1', 'me', 0)).toEqual(life);
  expect(held.find('2', 'me', 0)).toBeUndefined();
  expect(held.find('1388', 'me', 0)).toEqual(life);
});

test('a holder is one caller with one request; the order of roles says nothing', () => {
  const holder = holderOf(1000, asked());
  expect(holderOf(1000, asked({ roles: ['b', 'a'] }))).toBe(holder);
  const others = [
    holderOf(1001, asked()),
    holderOf(undefined, asked()),
    holderOf(1000, asked({ roles: ['a'] })),
    holderOf(1000, asked({ name: 'grafan' })),
    holderOf(1000, asked({ cluster: 'leaf' })),
    holderOf(1000, asked({ ttlMs: 60_000 })),
    holderOf(1000, asked({ kind: 'kubernetes' })),
    holderOf(1000, asked({ kind: 'database', username: 'x' })),
    holderOf(1000, asked({ kind: 'database', database: 'x' })),
  ];
  expect(new Set([holder, ...others]).size).toBe(10);
});
