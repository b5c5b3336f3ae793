import { isTeleportError } from '@teleport-ts/api-types';
import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';

test.each([
  ['auth.example.com:3025', { host: 'auth.example.com', port: 3025 }],
  ['proxy.example.com', { host: 'proxy.example.com' }],
  ['https://proxy.example.com:443/', { host: 'proxy.example.com', port: 443 }],
  ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
  ['[::1]:443', { host: '::1', port: 443 }],
  ['[::1]', { host: '::1' }],
  ['fe80::1', { host: 'fe80::1' }],
])('%s', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  '',
  ':443',
  'host:',
  'host:0',
  'host:65536',
  'host:http',
  'a b:1',
  'http://host:80',
  '[host]:1',
  'user@host:1',
])('%j is refused by name', (text) => {
  expect(() => parseAddress(text)).toThrowError(
    expect.objectContaining({ code: 'bad_parameter', message: expect.stringContaining(JSON.stringify(text)) }),
  );
  expect(() => parseAddress(text)).toThrowError(expect.toSatisfy(isTeleportError));
});

test('IPv6 goes in brackets', () => {
  expect(formatAddress('::1', 443)).toBe('[::1]:443');
  expect(formatAddress('localhost', 443)).toBe('localhost:443');
});
