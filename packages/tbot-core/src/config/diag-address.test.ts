import { expect, test } from 'vitest';
import { parseConfig } from './load-config.ts';

const parsed = (address: string, flag?: string) =>
  parseConfig(`proxy_server: example.com:443\ndiag_addr: ${JSON.stringify(address)}`, { flags: { diagAddr: flag } });

test.each([
  ['127.0.0.1:3001', { host: '127.0.0.1', port: 3001 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:3001', { host: '::1', port: 3001 }],
  ['unix:///run/tbot/diag.sock', { path: '/run/tbot/diag.sock' }],
  ['/run/tbot/diag.sock', { path: '/run/tbot/diag.sock' }],
])('%s is for this machine alone', (text, diagAddress) => {
  expect(parsed(text)).toMatchObject({ diagAddress, warnings: [] });
});

test.each([
  ['0.0.0.0:3001', { host: '0.0.0.0', port: 3001 }, '0.0.0.0'],
  [':3001', { port: 3001 }, 'every address of this machine'],
  ['[::]:3001', { host: '::', port: 3001 }, '::'],
  ['127.example.com:3001', { host: '127.example.com', port: 3001 }, '127.example.com'],
])('%s is open to others, and that is said', (text, diagAddress, where) => {
  const warning = `diag_addr is open to whoever reaches ${where}: it tells names of sockets and roles`;
  expect(parsed(text)).toMatchObject({ diagAddress, warnings: [warning] });
});

test.each(['', 'example.com', '127.0.0.1:70000', 'http://127.0.0.1:3001', '::1:3001', `unix:///${'x'.repeat(120)}`])(
  '%j is refused',
  (text) => {
    expect(() => parsed(text)).toThrow('diag_addr');
    expect(() => parsed('127.0.0.1:1', text)).toThrow('--diag-addr');
  },
);

test('a path that a socket has is refused', () => {
  const text = 'proxy_server: example.com:443\ndiag_addr: /run/a.sock\nsockets: [{ path: /run/a.sock }]';
  expect(() => parseConfig(text)).toThrow('tbot.yaml:2:1: diag_addr: is the path of a socket too');
});

test('the flag beats the file', () => {
  expect(parsed('127.0.0.1:1', 'unix:///d.sock').diagAddress).toEqual({ path: '/d.sock' });
});
