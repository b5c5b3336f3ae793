import { isTeleportError } from '@teleport-ts/api-types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { httpProxyFor } from './http-proxy.ts';

const url = (host: string, env: Record<string, string>, port = 443): string | undefined =>
  httpProxyFor(host, port, env)?.url;

test.each([
  [{ HTTPS_PROXY: 'http://one:3128', HTTP_PROXY: 'http://two:3128' }, 'http://one:3128'],
  [{ https_proxy: 'http://one:3128', HTTP_PROXY: 'http://two:3128' }, 'http://one:3128'],
  [{ HTTP_PROXY: 'http://two' }, 'http://two:80'],
  [{ http_proxy: 'two:8080' }, 'http://two:8080'],
  [{ HTTPS_PROXY: 'https://one' }, 'https://one:443'],
  [{ HTTPS_PROXY: 'http://[::1]:3128' }, 'http://[::1]:3128'],
  [{ HTTP_PROXY: 'http://two', REQUEST_METHOD: 'GET' }, undefined],
  [{ HTTPS_PROXY: '' }, undefined],
  [{}, undefined],
])('%j', (env, expected) => {
  expect(url('teleport.example.com', env as Record<string, string>)).toBe(expected);
});

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1'])('%s never goes through one', (host) => {
  expect(url(host, { HTTPS_PROXY: 'http://proxy:1' })).toBeUndefined();
});

describe('NO_PROXY', () => {
  test.each([
    ['teleport.example.com', 'example.com', true],
    ['example.com', 'example.com', true],
    ['example.com', '.example.com', false],
    ['a.example.com', '.example.com', true],
    ['a.example.com', '*.example.com', true],
    ['notexample.com', 'example.com', false],
    ['A.Example.COM', 'other, example.com', true],
    ['a.example.com', 'example.com:443', true],
    ['a.example.com', 'example.com:80', false],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.1.2.3:80', false],
    ['fd00::1', 'fd00::/8', true],
    ['fd00::1', '[fd00::1]:443', true],
    ['fd00::1', 'fd00::1', true],
    ['name.example', '10.0.0.0/8, ,x/y, 1.2.3.4/99', false],
    ['name.example', '*', true],
  ])('%s with %s: %s', (host, list, excepted) => {
    const env = { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: list };
    expect(url(host, env)).toBe(excepted ? undefined : 'http://proxy:1');
    expect(url(host, { HTTPS_PROXY: 'http://proxy:1', no_proxy: list })).toBe(excepted ? undefined : 'http://proxy:1');
  });
});

test('the login shows nowhere but in the header', () => {
  const proxy = httpProxyFor('teleport.example.com', 443, { HTTPS_PROXY: 'http://me:s%3Acret@proxy:3128' });
  expect(proxy?.authorization()).toBe(`Basic ${Buffer.from('me:s:cret').toString('base64')}`);
  expect(JSON.stringify(proxy)).not.toContain('cret');
  expect(proxy?.url).toBe('http://proxy:3128');
});

test.each([
  'socks5://me:secret@proxy:1080',
  'http://me:secret@',
  'http://me:secret@proxy:99999',
  'http://me:%zz@proxy',
])('what is no HTTP proxy is refused without being shown', (value) => {
  const ask = (): unknown => httpProxyFor('teleport.example.com', 443, { HTTPS_PROXY: value });
  expect(ask).toThrowError(
    expect.objectContaining({ code: 'bad_parameter', message: expect.stringContaining('HTTPS_PROXY') }),
  );
  expect(ask).toThrowError(expect.not.objectContaining({ message: expect.stringMatching(/secret|%zz/) }));
});

test('whatever the environment holds, it is a proxy, none, or a typed error that does not show it', () => {
  const runs = { numRuns: process.env.SOAK ? 10_000 : 500 };
  const text = fc.oneof(
    fc.string(),
    fc.string().map((login) => `http://${login}@proxy:3128`),
  );
  const ask = (proxy: string, list: string): void => {
    try {
      const found = httpProxyFor('teleport.example.com', 443, { HTTPS_PROXY: proxy, NO_PROXY: list });
      expect(found === undefined || found.port > 0).toBe(true);
    } catch (error) {
      if (!isTeleportError(error, 'bad_parameter')) throw error;
      expect(error.message).not.toContain(proxy.length > 8 ? proxy : ' unlikely ');
    }
  };
  fc.assert(fc.property(text, fc.string(), ask), runs);
});
