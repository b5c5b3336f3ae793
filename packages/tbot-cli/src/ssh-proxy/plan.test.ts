import { describe, expect, test } from 'vitest';
import { planSshProxy } from './plan.ts';
import { targetHost } from './target-host.ts';

const directory = { destinationDir: '/opt/id', proxyServer: 'localhost:443', host: 'web-1' };

test('what is said is kept, what is not is left to be found out', () => {
  expect(planSshProxy(directory, { TBOT_SOCKET: '/run/s' })).toEqual({
    identity: { kind: 'directory', path: '/opt/id' },
    host: 'web-1',
    port: 0,
    proxyServer: 'localhost:443',
    insecure: false,
    timeoutMs: 30_000,
  });
  expect(
    planSshProxy({ host: 'web-1', port: '3022', tlsRouting: false, timeout: '5s' }, { TBOT_SOCKET: '/run/s' }),
  ).toEqual({
    identity: { kind: 'agent', socket: '/run/s' },
    host: 'web-1',
    port: 3022,
    tlsRouting: false,
    insecure: false,
    timeoutMs: 5_000,
  });
});

test.each([
  [{ ...directory, host: '' }, '--host is missing'],
  [{ ...directory, port: '65536' }, '--port "65536" is not a port'],
  [{ ...directory, port: 'ssh' }, '--port "ssh" is not a port'],
  [{ ...directory, socket: '/run/s' }, '--destination-dir and --socket exclude each other'],
  [{ host: 'web-1' }, '--destination-dir is missing'],
  [{ host: 'web-1', destinationDir: '/opt/id' }, '--proxy-server is missing'],
  [{ ...directory, timeout: '0s' }, '--timeout must be more than zero'],
  [{ ...directory, roles: ['a'] }, '--roles goes with --socket'],
])('%j is refused', (given, why) => {
  expect(() => planSshProxy(given, {})).toThrow(why);
});

describe('the name of a node', () => {
  const names = { proxyHost: 'teleport.example.com', cluster: 'root.example.com' };
  test.each([
    ['web-1', 'web-1'],
    ['web-1.root.example.com', 'web-1'],
    ['web-1.ROOT.example.com', 'web-1'],
    ['web-1.teleport.example.com', 'web-1'],
    ['web-1.other.example.com', 'web-1.other.example.com'],
    ['root.example.com', 'root.example.com'],
    ['.root.example.com', '.root.example.com'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s is %s to the proxy', (host, expected) => {
    expect(targetHost(host, names)).toBe(expected);
  });
});
